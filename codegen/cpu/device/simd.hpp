// Vectors of one hardware register, in the compiler's vector extensions: g++ and clang++ take the
// same text, and no standard header is read (they cost ten times the rest of the front end).
//
// Loads and stores need no alignment. The *_first forms touch the first `lanes` elements only, so
// that ragged edges may end at the last byte of a page; the other lanes read as zero. Which lanes
// is a Mask, computed once per edge by first_lanes<T>(lanes).
#pragma once

// Kernels are one loop nest: what GCC leaves as a call keeps its vectors in memory.
#define PT_INLINE inline __attribute__((always_inline))

namespace pt {

using i64 = long long;

#if defined(__AVX512F__)
inline constexpr int vector_bytes = 64;
#else
inline constexpr int vector_bytes = 32;
#endif

template <class T>
inline constexpr int lanes_of = vector_bytes / static_cast<int>(sizeof(T));

template <class T>
struct VectorOf;
#define PT_VECTOR(T, M)                                                               \
  template <>                                                                         \
  struct VectorOf<T> {                                                                \
    typedef T type __attribute__((vector_size(vector_bytes)));                        \
    typedef T loose __attribute__((vector_size(vector_bytes), aligned(1), may_alias)); \
    typedef M mask __attribute__((vector_size(vector_bytes)));                        \
  };
PT_VECTOR(float, int)
PT_VECTOR(double, i64)
PT_VECTOR(int, int)
PT_VECTOR(i64, i64)
#undef PT_VECTOR

template <class T>
using Vector = typename VectorOf<T>::type;

template <class A, class B>
inline constexpr bool same_type = false;
template <class A>
inline constexpr bool same_type<A, A> = true;

// The element of a vector; a scalar is its own element.
template <class V>
inline auto element_of(V v) {
  if constexpr (requires { v[0]; })
    return v[0];
  else
    return v;
}
template <class V>
using Element = decltype(element_of(V{}));

template <class T>
inline Vector<T> load(const T* p) {
  return *reinterpret_cast<const typename VectorOf<T>::loose*>(p);
}
template <class T>
inline void store(T* p, Vector<T> v) {
  *reinterpret_cast<typename VectorOf<T>::loose*>(p) = v;
}
// For output that nobody reads soon and that is larger than the caches: a plain store would read
// each line from memory before it is overwritten. Whole lines in order, then stores_done().
template <class T>
inline void store_past_caches(T* p, Vector<T> v) {
  if (reinterpret_cast<unsigned long>(p) % sizeof(v) != 0) return store(p, v);
#if defined(__clang__)
  __builtin_nontemporal_store(v, reinterpret_cast<Vector<T>*>(p));
#elif defined(__AVX512F__)
  __builtin_ia32_movntps512(reinterpret_cast<float*>(p), (Vector<float>)v);
#else
  __builtin_ia32_movntps256(reinterpret_cast<float*>(p), (Vector<float>)v);
#endif
}
// Such stores are not ordered with others: call before another thread may read them.
inline void stores_done() { __builtin_ia32_sfence(); }
template <class T>
inline Vector<T> broadcast(T x) {
  return x - Vector<T>{};  // x - 0 is x, -0 and NaN included; x + 0 would lose -0
}

#if defined(__AVX512F__)
struct Mask {
  unsigned short bits;
};
template <class T>
inline Mask first_lanes(int lanes) {
  return {static_cast<unsigned short>((1u << lanes) - 1)};
}
inline Vector<float> load_first(const float* p, Mask m) {
  typedef float V __attribute__((vector_size(64)));
  return (Vector<float>)__builtin_ia32_loadups512_mask(p, V{}, m.bits);
}
inline Vector<double> load_first(const double* p, Mask m) {
  typedef double V __attribute__((vector_size(64)));
  return (Vector<double>)__builtin_ia32_loadupd512_mask(p, V{},
                                                        static_cast<unsigned char>(m.bits));
}
inline void store_first(float* p, Vector<float> v, Mask m) {
  typedef float V __attribute__((vector_size(64)));
  __builtin_ia32_storeups512_mask(p, (V)v, m.bits);
}
inline void store_first(double* p, Vector<double> v, Mask m) {
  typedef double V __attribute__((vector_size(64)));
  __builtin_ia32_storeupd512_mask(p, (V)v, static_cast<unsigned char>(m.bits));
}
inline Vector<int> load_first(const int* p, Mask m) {
  return (Vector<int>)load_first(reinterpret_cast<const float*>(p), m);
}
inline void store_first(int* p, Vector<int> v, Mask m) {
  store_first(reinterpret_cast<float*>(p), (Vector<float>)v, m);
}
#else
// Lane i of a Mask has its sign bit set where it takes part (vmaskmov).
union Mask {
  Vector<int> words;
  Vector<i64> doublewords;
};
template <class T>
inline Mask first_lanes(int lanes) {
  Mask m;
  if constexpr (sizeof(T) == 8)
    m.doublewords = Vector<i64>{0, 1, 2, 3} < broadcast<i64>(lanes);
  else
    m.words = Vector<int>{0, 1, 2, 3, 4, 5, 6, 7} < broadcast<int>(lanes);
  return m;
}
typedef float Floats256 __attribute__((vector_size(32)));
typedef double Doubles256 __attribute__((vector_size(32)));
typedef int Words256 __attribute__((vector_size(32)));
typedef long long Doublewords256 __attribute__((vector_size(32)));
inline Vector<float> load_first(const float* p, Mask m) {
  return (Vector<float>)__builtin_ia32_maskloadps256(reinterpret_cast<const Floats256*>(p),
                                                     (Words256)m.words);
}
inline Vector<double> load_first(const double* p, Mask m) {
  return (Vector<double>)__builtin_ia32_maskloadpd256(reinterpret_cast<const Doubles256*>(p),
                                                      (Doublewords256)m.doublewords);
}
inline void store_first(float* p, Vector<float> v, Mask m) {
  __builtin_ia32_maskstoreps256(reinterpret_cast<Floats256*>(p), (Words256)m.words, (Floats256)v);
}
inline void store_first(double* p, Vector<double> v, Mask m) {
  __builtin_ia32_maskstorepd256(reinterpret_cast<Doubles256*>(p), (Doublewords256)m.doublewords,
                                (Doubles256)v);
}
inline Vector<int> load_first(const int* p, Mask m) {
  return (Vector<int>)load_first(reinterpret_cast<const float*>(p), m);
}
inline void store_first(int* p, Vector<int> v, Mask m) {
  store_first(reinterpret_cast<float*>(p), (Vector<float>)v, m);
}
#endif

// Lanes [first, end).
template <class T>
PT_INLINE Mask lanes_between(int first, int end) {
#if defined(__AVX512F__)
  return {static_cast<unsigned short>(((1u << end) - 1) & ~((1u << first) - 1))};
#else
  Mask m;
  if constexpr (sizeof(T) == 8) {
    const Vector<i64> number{0, 1, 2, 3};
    m.doublewords = (number < broadcast<i64>(end)) & (number >= broadcast<i64>(first));
  } else {
    const Vector<int> number{0, 1, 2, 3, 4, 5, 6, 7};
    m.words = (number < broadcast<int>(end)) & (number >= broadcast<int>(first));
  }
  return m;
#endif
}

// The elements of `m` from p on, the others `other`; nothing else is touched.
template <class E>
PT_INLINE Vector<E> load_masked(const E* p, Mask m, Vector<E> other) {
#if defined(__AVX512F__)
  typedef float F __attribute__((vector_size(64)));
  typedef double D __attribute__((vector_size(64)));
  if constexpr (sizeof(E) == 8)
    return (Vector<E>)__builtin_ia32_loadupd512_mask(reinterpret_cast<const double*>(p), (D)other, static_cast<unsigned char>(m.bits));
  else
    return (Vector<E>)__builtin_ia32_loadups512_mask(reinterpret_cast<const float*>(p), (F)other, m.bits);
#else
  if constexpr (sizeof(E) == 8)
    return m.doublewords ? load_first(p, m) : other;
  else
    return m.words ? load_first(p, m) : other;
#endif
}

// Elements 0, 2, 4 ... of a and then b, four bytes each.
template <class V>
inline V even_lanes(V a, V b) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
#else
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
#endif
}

inline bool within(i64 index, i64 extent) {
  return static_cast<unsigned long long>(index) < static_cast<unsigned long long>(extent);
}
inline i64 least(i64 a, i64 b) { return a < b ? a : b; }
inline i64 round_up(i64 x, i64 to) { return (x + to - 1) / to * to; }

}  // namespace pt
