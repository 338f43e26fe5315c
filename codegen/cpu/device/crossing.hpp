// Transposes tiles in registers: L x L elements are loaded as L vectors and interleaved log2(L)
// times, each time first half with second half (a perfect shuffle moves one bit of the row number
// into the column number). Elements are bits here; their type does not matter.
#pragma once

#include "simd.hpp"

namespace pt {

template <int Bytes>
struct BitsOf;
template <> struct BitsOf<1> { using type = unsigned char; };
template <> struct BitsOf<2> { using type = unsigned short; };
template <> struct BitsOf<4> { using type = unsigned; };
template <> struct BitsOf<8> { using type = unsigned long long; };

template <class T, T... I>
struct Sequence {};
#if defined(__clang__)
template <int N>
using FirstIntegers = __make_integer_seq<Sequence, int, N>;
#else
template <int N>
using FirstIntegers = Sequence<int, __integer_pack(N)...>;
#endif

template <class U, int L>
struct Line {
  typedef U type __attribute__((vector_size(sizeof(U) * L)));
  typedef U loose __attribute__((vector_size(sizeof(U) * L), aligned(1), may_alias));
};

template <int L, int First, class V, int... I>
inline V interleave(V a, V b, Sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (First + I / 2 + I % 2 * L)...);
}

// Square of L x L: to[y * to_stride + x] = from[x * from_stride + y].
template <class U, int L>
inline void transpose_square(const U* from, i64 from_stride, U* to, i64 to_stride) {
  using V = typename Line<U, L>::type;
  using Loose = typename Line<U, L>::loose;
  V a[L], b[L];
#pragma GCC unroll 16
  for (int i = 0; i < L; ++i) a[i] = *reinterpret_cast<const Loose*>(from + i * from_stride);
#pragma GCC unroll 4
  for (int round = 1; round < L; round *= 2) {
#pragma GCC unroll 16
    for (int i = 0; i < L / 2; ++i) {
      b[2 * i] = interleave<L, 0>(a[i], a[i + L / 2], FirstIntegers<L>{});
      b[2 * i + 1] = interleave<L, L / 2>(a[i], a[i + L / 2], FirstIntegers<L>{});
    }
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) a[i] = b[i];
  }
#pragma GCC unroll 16
  for (int i = 0; i < L; ++i) *reinterpret_cast<Loose*>(to + i * to_stride) = a[i];
}

// nx lines of ny elements, `from_stride` apart, to ny lines of nx, `to_stride` apart.
// Ahead: asks for the next nx lines' data on the way, for what comes from memory.
template <bool Ahead, class E>
inline void cross_tile(const E* from_elements, i64 from_stride, E* to_elements, i64 to_stride,
                       i64 nx, i64 ny) {
  using U = typename BitsOf<sizeof(E)>::type;
  constexpr int widest = vector_bytes / static_cast<int>(sizeof(U));
  constexpr int L = widest < 16 ? widest : 16;
  typedef U Alias __attribute__((may_alias));
  const Alias* from = reinterpret_cast<const Alias*>(from_elements);
  Alias* to = reinterpret_cast<Alias*>(to_elements);
  const i64 whole_x = nx / L * L, whole_y = ny / L * L;
  for (i64 x = 0; x < whole_x; x += L)
    for (i64 y = 0; y < whole_y; y += L) {
      // The next tile's lines, one per row: no prefetcher of the machine follows such a column.
      for (int i = 0; Ahead && i < L; ++i)
        __builtin_prefetch(reinterpret_cast<const void*>(from + (nx + x + i) * from_stride + y));
      transpose_square<U, L>(reinterpret_cast<const U*>(from + x * from_stride + y), from_stride,
                             reinterpret_cast<U*>(to + y * to_stride + x), to_stride);
    }
  for (i64 x = 0; x < nx; ++x)
    for (i64 y = x < whole_x ? whole_y : 0; y < ny; ++y)
      to[y * to_stride + x] = from[x * from_stride + y];
}

}  // namespace pt
