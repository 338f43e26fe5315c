// Neighbouring elements of any storage type as one vector of the arithmetic type, and back: all lanes,
// or the first ones only.
//
// T is the arithmetic type, E the stored one.
#pragma once

#include "scalar.hpp"
#include "simd.hpp"
#include "storage.hpp"

namespace pt {

struct Lanes {
  int count;
  Mask mask;
};
template <class T>
PT_INLINE Lanes lanes_up_to(i64 count) {
  const int n = static_cast<int>(least(count, lanes_of<T>));
  return {n, first_lanes<T>(n)};
}

// ---- Whole vectors of a narrower type ----

template <class E, int N>
struct Pack {
  typedef E type __attribute__((vector_size(sizeof(E) * N), aligned(1), may_alias));
};

template <class E>
inline constexpr bool is_byte = same_type<E, boolean> || same_type<E, i8> || same_type<E, u8>;

// As many bytes as a vector has ints. GCC 12 unpacks bytes in dozens of instructions where it is left to choose.
template <class E>
PT_INLINE Vector<int> load_bytes(const E* p) {
  constexpr int L = lanes_of<int>;
#if !defined(__clang__) && defined(__AVX512F__)
  typedef char C __attribute__((vector_size(16)));
  typedef int I __attribute__((vector_size(64)));
  const auto bytes = (C)*reinterpret_cast<const typename Pack<char, L>::type*>(p);
  if constexpr (same_type<E, i8>)
    return (Vector<int>)__builtin_ia32_pmovsxbd512_mask(bytes, I{}, static_cast<short>(-1));
  else
    return (Vector<int>)__builtin_ia32_pmovzxbd512_mask(bytes, I{}, static_cast<short>(-1));
#elif !defined(__clang__) && defined(__AVX2__)
  typedef char C __attribute__((vector_size(16)));
  C bytes{};
  __builtin_memcpy(&bytes, p, L);
  if constexpr (same_type<E, i8>)
    return (Vector<int>)__builtin_ia32_pmovsxbd256(bytes);
  else
    return (Vector<int>)__builtin_ia32_pmovzxbd256(bytes);
#else
  typedef signed char S __attribute__((vector_size(L), aligned(1), may_alias));
  typedef unsigned char U __attribute__((vector_size(L), aligned(1), may_alias));
  if constexpr (same_type<E, i8>)
    return __builtin_convertvector(*reinterpret_cast<const S*>(p), Vector<int>);
  else
    return __builtin_convertvector(*reinterpret_cast<const U*>(p), Vector<int>);
#endif
}

template <class T, class E>
PT_INLINE Vector<T> load_widened(const E* p) {
  constexpr int L = lanes_of<T>;
  if constexpr (same_type<E, T>) {
    return load(p);
  } else if constexpr (same_type<T, float> && same_type<E, bf16>) {
    const auto bits = *reinterpret_cast<const typename Pack<unsigned short, L>::type*>(p);
    return (Vector<float>)(__builtin_convertvector(bits, Vector<int>) << 16);
#if defined(__AVX512F__)
  } else if constexpr (same_type<T, float> && same_type<E, f16>) {
    typedef short H __attribute__((vector_size(32)));
    typedef float F __attribute__((vector_size(64)));
    const auto bits = (H)*reinterpret_cast<const typename Pack<short, L>::type*>(p);
    return (Vector<float>)__builtin_ia32_vcvtph2ps512_mask(bits, F{}, 0xffff, 4);
#else
  } else if constexpr (same_type<T, float> && same_type<E, f16>) {
    typedef short H __attribute__((vector_size(16)));
    const auto bits = (H)*reinterpret_cast<const typename Pack<short, L>::type*>(p);
    return (Vector<float>)__builtin_ia32_vcvtph2ps256(bits);
#endif
  } else if constexpr (is_byte<E> && sizeof(T) == sizeof(int)) {
    const Vector<int> v = load_bytes(p);
    if constexpr (same_type<E, boolean>)
      return v != splat<Vector<int>>(0) ? splat<Vector<T>>(1) : splat<Vector<T>>(0);
    else
      return __builtin_convertvector(v, Vector<T>);
  } else if constexpr (same_type<E, boolean>) {
    const auto bytes = *reinterpret_cast<const typename Pack<unsigned char, L>::type*>(p);
    const Vector<T> v = __builtin_convertvector(bytes, Vector<T>);
    return v != splat<Vector<T>>(0) ? splat<Vector<T>>(1) : splat<Vector<T>>(0);
  } else if constexpr (same_type<E, i8> || same_type<E, u8> || same_type<E, i32> ||
                       same_type<E, f32>) {
    return __builtin_convertvector(*reinterpret_cast<const typename Pack<E, L>::type*>(p), Vector<T>);
  } else {
    T out[L];  // not lane by lane of a vector: each would wait for the store of the one before
    for (int i = 0; i < L; ++i) out[i] = to_value<T>(p[i]);
    return load(out);
  }
}

template <class E, class T>
PT_INLINE void store_narrowed(E* p, Vector<T> v) {
  constexpr int L = lanes_of<T>;
  if constexpr (same_type<E, T>) {
    store(p, v);
  } else if constexpr (same_type<T, float> && same_type<E, bf16>) {
    const Vector<int> b = (Vector<int>)v;
    const Vector<int> rounded = (b + 0x7fff + ((b >> 16) & 1)) >> 16;
    const Vector<int> quiet = (b >> 16) | 0x40;
    const Vector<int> out = v == v ? rounded : quiet;
    *reinterpret_cast<typename Pack<short, L>::type*>(p) =
        __builtin_convertvector(out, typename Pack<short, L>::type);
#if defined(__AVX512F__)
  } else if constexpr (same_type<T, float> && same_type<E, f16>) {
    typedef float F __attribute__((vector_size(64)));
    typedef short H __attribute__((vector_size(32)));
    *reinterpret_cast<typename Pack<short, L>::type*>(p) =
        (typename Pack<short, L>::type)__builtin_ia32_vcvtps2ph512_mask((F)v, 0, H{}, 0xffff);
#else
  } else if constexpr (same_type<T, float> && same_type<E, f16>) {
    typedef float F __attribute__((vector_size(32)));
    *reinterpret_cast<typename Pack<short, L>::type*>(p) =
        (typename Pack<short, L>::type)__builtin_ia32_vcvtps2ph256((F)v, 0);
#endif
  } else {
    T from[L];
    store(from, v);
    for (int i = 0; i < L; ++i) p[i] = from_value<E>(from[i]);
  }
}

// ---- The first lanes of a narrower type ----

#if !defined(__clang__) && defined(__AVX512BW__) && defined(__AVX512VL__)
template <class E, class T>
inline constexpr bool masks_storage = lanes_of<T> == 16 && sizeof(E) <= 2;
#else
template <class E, class T>
inline constexpr bool masks_storage = false;
#endif

// As load_widened; what lies past the first lanes is not touched and reads as 0.
template <class T, class E>
PT_INLINE Vector<T> load_some_widened(const E* p, const Lanes& lanes) {
  E some[lanes_of<T>] = {};
#if !defined(__clang__) && defined(__AVX512BW__) && defined(__AVX512VL__)
  if constexpr (masks_storage<E, T> && sizeof(E) == 2) {
    typedef short H __attribute__((vector_size(32)));
    const H halves = __builtin_ia32_loaddquhi256_mask(reinterpret_cast<const short*>(p), H{}, lanes.mask.bits);
    __builtin_memcpy(some, &halves, sizeof halves);
  } else if constexpr (masks_storage<E, T>) {
    typedef char C __attribute__((vector_size(16)));
    const C bytes = __builtin_ia32_loaddquqi128_mask(reinterpret_cast<const char*>(p), C{}, lanes.mask.bits);
    __builtin_memcpy(some, &bytes, sizeof bytes);
  }
#endif
  if constexpr (!masks_storage<E, T>)
    for (int i = 0; i < lanes.count; ++i) some[i] = p[i];
  return load_widened<T>(some);
}

// As store_narrowed, the first lanes only.
template <class E, class T>
PT_INLINE void store_some_narrowed(E* p, Vector<T> v, const Lanes& lanes) {
  E some[lanes_of<T>];
  store_narrowed<E, T>(some, v);
#if !defined(__clang__) && defined(__AVX512BW__) && defined(__AVX512VL__)
  if constexpr (masks_storage<E, T> && sizeof(E) == 2) {
    typedef short H __attribute__((vector_size(32)));
    H halves;
    __builtin_memcpy(&halves, some, sizeof halves);
    __builtin_ia32_storedquhi256_mask(reinterpret_cast<short*>(p), halves, lanes.mask.bits);
  } else if constexpr (masks_storage<E, T>) {
    typedef char C __attribute__((vector_size(16)));
    C bytes;
    __builtin_memcpy(&bytes, some, sizeof bytes);
    __builtin_ia32_storedquqi128_mask(reinterpret_cast<char*>(p), bytes, lanes.mask.bits);
  }
#endif
  if constexpr (!masks_storage<E, T>)
    for (int i = 0; i < lanes.count; ++i) p[i] = some[i];
}

}  // namespace pt
