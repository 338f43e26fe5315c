// The register tile: register_m x register_n vectors of sums, one outer product per step of k.
//
// Each step loads register_n vectors of the right operand and broadcasts register_m elements of
// the left one; the sums never leave registers within a block of k. Ragged columns use masked
// vectors, ragged rows repeat the last valid row and store only what is valid.
#pragma once

#include "contraction_pack.hpp"
#include "contraction_store.hpp"

namespace pt {

// The left operand where it lies: register_m row pointers. Takes `rows` steps of a walk over rows.
template <class K>
struct PlacedLeft {
  const K& kernel;
  const typename K::Left* row[K::register_m];
  template <class W>
  PlacedLeft(const K& k, i64 b, W& walk, int rows) : kernel(k) {
    for (int i = 0; i < K::register_m; ++i) {
      row[i] = k.left(b) + walk.offset;
      if (i < rows) {
        walk.next();
      } else {
        row[i] = row[rows - 1];
      }
    }
  }
  typename K::Sum operator()(int i, i64 k) const { return row[i][kernel.left_step(k)]; }
};

// A packed panel of it, whose first step is k0.
template <class K>
struct PackedLeft {
  const typename K::Sum* panel;  // so that step k is at panel[k * register_m]
  typename K::Sum operator()(int i, i64 k) const { return panel[k * K::register_m + i]; }
};

template <class K, int L>
[[gnu::noinline]] void store_turned_across(const K& kernel, const Place& at, i64 m, const i64* columns, int rows, int lanes,
                                           const Vector<typename K::Sum> (&v)[L]) {
  for (int i = 0; i < rows; ++i) {
    typename K::Out* row = output_row(kernel, at, m + i);
    for (int l = 0; l < lanes; ++l) row[columns[l]] = v[l][i];
  }
}

// The epilogue of a vector of columns, then blocks of lanes x lanes turned: rows lie side by side.
template <class K, int Vectors>
inline void store_turned(const K& kernel, const Place& at, const Vector<typename K::Sum> (&sum)[K::register_m][Vectors],
                         Mask mask, bool edge) {
  using Sum = typename K::Sum;
  constexpr int L = lanes_of<Sum>;
  constexpr int R = K::register_m;
#pragma GCC unroll 32
  for (int first = 0; first < R; first += L) {
    const int rows = at.rows - first < L ? at.rows - first : L;
    if (rows <= 0) break;
    const i64 m = at.m + first;
    const bool together = kernel.out_run() - m % kernel.out_run() >= rows;
    const Mask some = first_lanes<Sum>(rows);
#pragma GCC unroll 32
    for (int j = 0; j < Vectors; ++j) {
      const int lanes = edge && j == Vectors - 1 ? at.lanes : L;
      const i64 n = at.n + j * L;
      const i64* columns = at.to.table + j * L;
      Vector<Sum> v[L];
#pragma GCC unroll 32
      for (int i = 0; i < L; ++i)
        v[i] = first + i < R && i < rows ? kernel.epilogue(sum[first + i < R ? first + i : 0][j], at.b, m + i, n, lanes, mask, columns)
                                         : Vector<Sum>{};
      transpose<Sum>(v);
      if (!together) {
        store_turned_across<K, L>(kernel, at, m, columns, rows, lanes, v);
        continue;
      }
      Sum* to = output_row(kernel, at, m);
#pragma GCC unroll 32
      for (int l = 0; l < L; ++l)
        if (l < lanes) store_first(to + columns[l], v[l], some);
    }
  }
}

// `right` is step k0 of the tile's first column; steps are `right_stride` elements apart.
template <class K, int Vectors, bool Edge, class Left>
[[gnu::noinline]] void tile(const K& kernel, const Left& left, const typename K::Sum* right,
                            i64 right_stride, i64 k0, i64 k1, const Place& at) {
  using Sum = typename K::Sum;
  constexpr int L = lanes_of<Sum>;
  constexpr int R = K::register_m;
  Vector<Sum> sum[R][Vectors];
  const Mask mask = Edge ? first_lanes<Sum>(at.lanes) : Mask{};
  const auto edge = [](int j) { return Edge && j == Vectors - 1; };
  const auto lanes = [&](int j) { return edge(j) ? at.lanes : L; };
#pragma GCC unroll 32
  for (int i = 0; i < R; ++i)
#pragma GCC unroll 32
    for (int j = 0; j < Vectors; ++j) sum[i][j] = Vector<Sum>{};

  PT_UNROLL_STEPS
  for (i64 k = k0; k < k1; ++k) {
    Vector<Sum> r[Vectors];
#pragma GCC unroll 32
    for (int j = 0; j < Vectors; ++j)
      r[j] = edge(j) && !K::pack_b ? load_first(right + j * L, mask) : load(right + j * L);
    if constexpr (K::prefetch > 0)
#pragma GCC unroll 32
      for (int j = 0; j < Vectors; ++j)
        __builtin_prefetch(right + j * L + (K::pack_b ? K::prefetch * Vectors * L
                                                      : K::prefetch * right_stride));
    right += right_stride;
#pragma GCC unroll 32
    for (int i = 0; i < R; ++i) {
      const Vector<Sum> l = broadcast<Sum>(left(i, k));
#pragma GCC unroll 32
      for (int j = 0; j < Vectors; ++j) sum[i][j] += l * r[j];
    }
  }

  if constexpr (K::out_unit == 'm') return store_turned<K, Vectors>(kernel, at, sum, mask, Edge);
  Columns to[Vectors];
#pragma GCC unroll 32
  for (int j = 0; j < Vectors; ++j) to[j] = columns_beside(kernel, at.to, j * L);
#pragma GCC unroll 32
  for (int i = 0; i < R; ++i) {
    if (i >= at.rows) break;
    typename K::Out* row = output_row(kernel, at, at.m + i);
#pragma GCC unroll 32
    for (int j = 0; j < Vectors; ++j) {
      Vector<Sum> v = sum[i][j];
      if (!at.first) v += resume(kernel, at, at.m + i, row, to[j], lanes(j), mask);
      finish(kernel, at, at.m + i, row, to[j], lanes(j), mask, v);
    }
  }
}

// The tile that covers `columns` columns: as many vectors as they need, masked if ragged.
template <class K, int Vectors, class Left>
inline void tile_of_width(const K& kernel, const Left& left, const typename K::Sum* right,
                          i64 right_stride, i64 k0, i64 k1, Place& at, i64 columns) {
  constexpr int L = lanes_of<typename K::Sum>;
  if (columns <= (Vectors - 1) * L) {
    if constexpr (Vectors > 1)
      tile_of_width<K, Vectors - 1>(kernel, left, right, right_stride, k0, k1, at, columns);
    return;
  }
  at.lanes = static_cast<int>(columns - (Vectors - 1) * L);
  if (Vectors == K::register_n && at.lanes >= L) {
    at.lanes = L;
    tile<K, K::register_n, false>(kernel, left, right, right_stride, k0, k1, at);
  } else {
    tile<K, Vectors, true>(kernel, left, right, right_stride, k0, k1, at);
  }
}

}  // namespace pt
