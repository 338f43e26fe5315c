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

// Part [x0, x1) x [y0, y1) of a tile: squares of L, and what they leave in squares of half as many
// while a line of one fills 16 bytes, then one by one.
template <bool Ahead, class U, int L>
inline void cross_part(const U* from, i64 from_stride, U* to, i64 to_stride, i64 x0, i64 x1, i64 y0, i64 y1,
                       i64 next) {
  const i64 whole_x = x0 + (x1 - x0) / L * L, whole_y = y0 + (y1 - y0) / L * L;
  for (i64 x = x0; x < whole_x; x += L)
    for (i64 y = y0; y < whole_y; y += L) {
      // The next tile's lines, one per row: no prefetcher of the machine follows such a column.
      for (int i = 0; Ahead && i < L; ++i)
        __builtin_prefetch(reinterpret_cast<const void*>(from + (next + x + i) * from_stride + y));
      transpose_square<U, L>(from + x * from_stride + y, from_stride, to + y * to_stride + x, to_stride);
    }
  if constexpr (L / 2 * sizeof(U) >= 16) {
    if (whole_x < x1) cross_part<false, U, L / 2>(from, from_stride, to, to_stride, whole_x, x1, y0, y1, next);
    if (whole_y < y1) cross_part<false, U, L / 2>(from, from_stride, to, to_stride, x0, whole_x, whole_y, y1, next);
  } else {
    typedef U Alias __attribute__((may_alias));
    for (i64 x = x0; x < x1; ++x)
      for (i64 y = x < whole_x ? whole_y : y0; y < y1; ++y)
        reinterpret_cast<Alias*>(to)[y * to_stride + x] =
            reinterpret_cast<const Alias*>(from)[x * from_stride + y];
  }
}

// nx lines of ny elements, `from_stride` apart, to ny lines of nx, `to_stride` apart.
// Ahead: asks for the next nx lines' data on the way, for what comes from memory.
template <bool Ahead, class E>
inline void cross_tile(const E* from, i64 from_stride, E* to, i64 to_stride, i64 nx, i64 ny) {
  using U = typename BitsOf<sizeof(E)>::type;
  constexpr int widest = vector_bytes / static_cast<int>(sizeof(U));
  constexpr int L = widest < 16 ? widest : 16;
  cross_part<Ahead, U, L>(reinterpret_cast<const U*>(from), from_stride, reinterpret_cast<U*>(to), to_stride, 0, nx,
                          0, ny, nx);
}

}  // namespace pt
