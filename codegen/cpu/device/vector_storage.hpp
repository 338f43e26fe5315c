// Whole vectors between storage types and values: as storage.hpp converts, but for consecutive
// elements at once, with the machine's own conversions where it has them.
//
//   read_vector<T>(p)            lanes_of<T> elements from p on, as values
//   read_some<T>(p, lanes, mask) the first `lanes` of them, the others 0
//   pack<D>(v)                   the stored form of a vector of values, for put()
//   put(p, packed), stream(p, packed), put_some<D>(p, v, lanes, mask)
// stream() goes past the caches and needs p aligned to the packed vector's size.
#pragma once

#include "simd.hpp"
#include "storage.hpp"

namespace pt {

template <int Bytes>
struct PackedOf {
  typedef float type __attribute__((vector_size(Bytes)));
  typedef float loose __attribute__((vector_size(Bytes), aligned(1), may_alias));
};
template <int Bytes>
using Packed = typename PackedOf<Bytes>::type;

template <int Lanes>
struct HalfWords {
  typedef unsigned short type __attribute__((vector_size(2 * Lanes)));
  typedef unsigned short loose __attribute__((vector_size(2 * Lanes), aligned(1), may_alias));
  typedef short signed_type __attribute__((vector_size(2 * Lanes)));
};

template <class T, class E>
inline T read_vector(const E* p) {
  using V = Element<T>;
  constexpr int L = lanes_of<V>;
  if constexpr (same_type<E, V>) {
    return load(p);
#if !defined(__clang__)
  } else if constexpr (same_type<E, f16> && same_type<V, float>) {
    const auto bits = (typename HalfWords<L>::signed_type)(
        *reinterpret_cast<const typename HalfWords<L>::loose*>(p));
#if defined(__AVX512F__)
    typedef short I __attribute__((vector_size(32)));
    (void)sizeof(I);
    typedef float F __attribute__((vector_size(64)));
    return (T)__builtin_ia32_vcvtph2ps512_mask(bits, F{}, static_cast<unsigned short>(-1), 4);
#else
    return (T)__builtin_ia32_vcvtph2ps256(bits);
#endif
#endif
  } else if constexpr (same_type<E, bf16> && same_type<V, float>) {
    const auto bits = (typename HalfWords<L>::type)(
        *reinterpret_cast<const typename HalfWords<L>::loose*>(p));
    typedef unsigned U __attribute__((vector_size(4 * L)));
    return (T)(__builtin_convertvector(bits, U) << 16);
  } else if constexpr (same_type<E, int> && !same_type<V, int> && sizeof(V) == 4) {
    return __builtin_convertvector(load(p), T);
  } else {
    V lane[L];
    for (int i = 0; i < L; ++i) lane[i] = to_value<V>(p[i]);
    return load(lane);
  }
}

template <class T, class E>
inline T read_some(const E* p, int lanes, Mask mask) {
  using V = Element<T>;
  if constexpr (same_type<E, V>) {
    return load_first(p, mask);
  } else {
    V lane[lanes_of<V>] = {};
    for (int i = 0; i < lanes; ++i) lane[i] = to_value<V>(p[i]);
    return load(lane);
  }
}

template <class D, class T>
inline auto pack(T v) {
  using V = Element<T>;
  constexpr int L = lanes_of<V>;
  using P = Packed<L * static_cast<int>(sizeof(D))>;
  if constexpr (same_type<D, V>) {
    return (P)v;
  } else if constexpr (same_type<D, float> && same_type<V, int>) {
    return (P)__builtin_convertvector(v, Vector<float>);
#if !defined(__clang__)
  } else if constexpr (same_type<D, f16> && same_type<V, float>) {
#if defined(__AVX512F__)
    typedef short I __attribute__((vector_size(32)));
    typedef float F __attribute__((vector_size(64)));
    return (P)__builtin_ia32_vcvtps2ph512_mask((F)v, 0, I{}, static_cast<unsigned short>(-1));
#else
    typedef float F __attribute__((vector_size(32)));
    return (P)__builtin_ia32_vcvtps2ph256((F)v, 0);
#endif
#endif
  } else if constexpr (same_type<D, bf16> && same_type<V, float>) {
    typedef unsigned U __attribute__((vector_size(4 * L)));
    const U bits = (U)v;
    const U rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const U quiet = bits >> 16 | 0x40;
    const U stored = (bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded;
    return (P)__builtin_convertvector(stored, typename HalfWords<L>::type);
  } else {
    D lane[L];
    V from[L];
    store(from, v);
    for (int i = 0; i < L; ++i) lane[i] = from_value<D>(from[i]);
    P packed;
    __builtin_memcpy(&packed, lane, sizeof packed);
    return packed;
  }
}

template <class D, class P>
inline void put(D* p, P packed) {
  *reinterpret_cast<typename PackedOf<static_cast<int>(sizeof(P))>::loose*>(p) = packed;
}

template <class D, class P>
inline void stream(D* p, P packed) {
#if defined(__clang__)
  __builtin_nontemporal_store(packed, reinterpret_cast<P*>(p));
#else
  float* const to = reinterpret_cast<float*>(p);
  if constexpr (sizeof(P) == 64) {
#if defined(__AVX512F__)
    __builtin_ia32_movntps512(to, packed);
#else
    __builtin_memcpy(p, &packed, sizeof packed);
#endif
  } else if constexpr (sizeof(P) == 32) {
    __builtin_ia32_movntps256(to, packed);
  } else if constexpr (sizeof(P) == 16) {
    __builtin_ia32_movntps(to, packed);
  } else {
    __builtin_memcpy(p, &packed, sizeof packed);
  }
#endif
}

template <class D, class T>
inline void put_some(D* p, T v, int lanes, Mask mask) {
  using V = Element<T>;
  if constexpr (same_type<D, V>) {
    store_first(p, v, mask);
  } else {
    V from[lanes_of<V>];
    store(from, v);
    for (int i = 0; i < lanes; ++i) p[i] = from_value<D>(from[i]);
  }
}

}  // namespace pt
