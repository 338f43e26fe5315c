// The dot-product form: vectors run along k, which is contiguous in both operands.
//
// For thin products (m = 1 against a weight stored by output row) it reads every operand element
// once, in order, without packing. register_m x register_n is here a tile of rows x columns, each
// with one vector of running sums.
#pragma once

#include "contraction_store.hpp"

namespace pt {

template <class T>
inline T sum_of_lanes(Vector<T> v) {
  T part[lanes_of<T>];
  store(part, v);
#pragma GCC unroll 16
  for (int half = lanes_of<T> / 2; half > 0; half /= 2)
#pragma GCC unroll 16
    for (int i = 0; i < half; ++i) part[i] += part[i + half];
  return part[0];
}

// Columns [at.n, at.n + columns) of rows [at.m, at.m + at.rows), steps [k0, k1).
template <class K>
[[gnu::noinline]] void dot_tile(const K& kernel, i64 k0, i64 k1, Place& at, int columns) {
  using Sum = typename K::Sum;
  constexpr int L = lanes_of<Sum>;
  constexpr int R = K::register_m;
  constexpr int C = K::register_n;
  const Sum* left[R];
  const Sum* right[C];
  for (int i = 0; i < R; ++i)
    left[i] = kernel.left(at.b) + kernel.left_row(at.m + least(i, at.rows - 1));
  for (int j = 0; j < C; ++j)
    right[j] = kernel.right(at.b) + kernel.right_column(at.n + least(j, columns - 1));
  Vector<Sum> sum[R][C];
#pragma GCC unroll 32
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 32
    for (int j = 0; j < C; ++j) sum[i][j] = Vector<Sum>{};
  const auto step = [&](i64 k, auto read) {
    Vector<Sum> l[R];
#pragma GCC unroll 32
    for (int i = 0; i < R; ++i) l[i] = read(left[i] + k);
#pragma GCC unroll 32
    for (int j = 0; j < C; ++j) {
      if constexpr (K::prefetch > 0) __builtin_prefetch(right[j] + k + K::prefetch * L);
      const Vector<Sum> r = read(right[j] + k);
#pragma GCC unroll 32
      for (int i = 0; i < R; ++i) sum[i][j] += l[i] * r;
    }
  };
  i64 k = k0;
  PT_UNROLL_STEPS
  for (; k + L <= k1; k += L) step(k, [](const Sum* p) { return load(p); });
  if (k < k1) {
    const Mask rest = first_lanes<Sum>(static_cast<int>(k1 - k));
    step(k, [&](const Sum* p) { return load_first(p, rest); });
  }
  static_assert(C <= L, "a row of sums must fit one vector");
  const Mask some = first_lanes<Sum>(columns);
  ColumnTables<K> tables;
  const Columns to = columns_from(kernel, at.n, tables.fill(kernel, at.n, columns));
#pragma GCC unroll 32
  for (int i = 0; i < R; ++i) {
    if (i >= at.rows) break;
    Vector<Sum> row{};
#pragma GCC unroll 32
    for (int j = 0; j < C; ++j) row[j] = sum_of_lanes<Sum>(sum[i][j]);
    finish(kernel, at, at.m + i, output_row(kernel, at, at.m + i), to, columns, some, row);
  }
}

}  // namespace pt
