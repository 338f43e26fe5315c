// The axpy form: for thin m, rows of the right operand are streamed once, in memory order.
//
// A strip of sums (register_m rows x block_n columns) lives in L1. Each sweep adds `unroll` steps
// of k to it, reading as many rows of the right operand side by side, so that the hardware
// prefetcher sees a few long streams instead of short jumps.
#pragma once

#include "contraction_store.hpp"

namespace pt {

// strip[i * width + n] += sum over `Steps` steps of left(i, k) * right(k, n), for n < columns;
// starts from zero when `fresh`.
template <class K, int Steps>
[[gnu::noinline]] void sweep(const K& kernel, typename K::Sum* strip, i64 width,
                             const typename K::Sum* right, const Place& at, i64 k, i64 columns,
                             bool fresh) {
  using Sum = typename K::Sum;
  constexpr int L = lanes_of<Sum>;
  constexpr int R = K::register_m;
  Vector<Sum> l[R][Steps];
#pragma GCC unroll 32
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 32
    for (int s = 0; s < Steps; ++s)
      l[i][s] = broadcast<Sum>(kernel.left(at.b)[kernel.left_row(at.m + least(i, at.rows - 1)) +
                                                 kernel.left_step(k + s)]);
  const Sum* row[Steps];
  for (int s = 0; s < Steps; ++s) row[s] = right + kernel.right_step(k + s);
  const auto add = [&](i64 n, auto read) {
    Vector<Sum> sum[R];
#pragma GCC unroll 32
    for (int i = 0; i < R; ++i) sum[i] = fresh ? Vector<Sum>{} : load(strip + i * width + n);
#pragma GCC unroll 32
    for (int s = 0; s < Steps; ++s) {
      if constexpr (K::prefetch > 0) __builtin_prefetch(row[s] + n + K::prefetch * L);
      const Vector<Sum> r = read(row[s] + n);
#pragma GCC unroll 32
      for (int i = 0; i < R; ++i) sum[i] += l[i][s] * r;
    }
#pragma GCC unroll 32
    for (int i = 0; i < R; ++i) store(strip + i * width + n, sum[i]);
  };
  i64 n = 0;
  for (; n + L <= columns; n += L) add(n, [](const Sum* p) { return load(p); });
  if (n < columns) {
    const Mask rest = first_lanes<Sum>(static_cast<int>(columns - n));
    add(n, [&](const Sum* p) { return load_first(p, rest); });
  }
}

// Rows from at.m on, columns [at.n, at.n + columns), the slice's whole range of k.
template <class K>
void axpy_strip(const K& kernel, typename K::Sum* strip, i64 k0, i64 k1, Place& at, i64 columns) {
  using Sum = typename K::Sum;
  constexpr int L = lanes_of<Sum>;
  const i64 width = round_up(columns, L);
  const Sum* right = kernel.right(at.b) + kernel.right_column(at.n);
  i64 k = k0;
  for (; k + K::unroll <= k1; k += K::unroll)
    sweep<K, K::unroll>(kernel, strip, width, right, at, k, columns, k == k0);
  for (; k < k1; ++k) sweep<K, 1>(kernel, strip, width, right, at, k, columns, k == k0);
  ColumnTables<K> tables;
  for (i64 n = 0; n < columns; n += L) {
    const int lanes = static_cast<int>(least(L, columns - n));
    const Columns to = columns_from(kernel, at.n + n, tables.fill(kernel, at.n + n, lanes));
    for (int i = 0; i < at.rows; ++i)
      finish(kernel, at, at.m + i, output_row(kernel, at, at.m + i), to, lanes, first_lanes<Sum>(lanes),
             load(strip + i * width + n));
  }
}

}  // namespace pt
