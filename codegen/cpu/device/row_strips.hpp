// Lanes along rows: strips of Tile x Unroll vectors of rows in registers while all columns pass
// (row.hpp says what K has).
#pragma once

#include "row_columns.hpp"
#include "stage.hpp"

namespace pt {

// Goes over all columns once; sums are left in acc.
template <class K, int P, int Tile, int Unroll, bool Whole, bool Inside>
PT_INLINE void sum_along_rows(const K& kernel, typename K::Row (&rows)[Tile][Unroll], const Lanes& lanes,
                            Range part, typename K::V (&acc)[Tile][Unroll][K::sums(Pass<P>{}) + 1]) {
#pragma GCC unroll 16
  for (int j = 0; j < Tile; ++j)
#pragma GCC unroll 16
    for (int u = 0; u < Unroll; ++u) kernel.clear(Pass<P>{}, acc[j][u]);
  const auto column = [&](const i64* c) __attribute__((always_inline)) {
    typename K::Shared shared[Unroll];  // what the rows of a tile have in common
#pragma GCC unroll 16
    for (int u = 0; u < Unroll; ++u)
      kernel.template share<Whole>(Pass<P>{}, rows[0][u], c, lanes, shared[u]);
#pragma GCC unroll 16
    for (int j = 0; j < Tile; ++j)
#pragma GCC unroll 16
      for (int u = 0; u < Unroll; ++u)
        kernel.template step<Whole, Inside>(Pass<P>{}, rows[j][u], c, nullptr, lanes, shared[u], acc[j][u]);
  };
  if constexpr (K::unrolled) {
    i64 c[K::column_axes];
    for_window<0, K>(c, column);
  } else {
    for_outer_columns(kernel, part, [&](i64* c, Range inner) __attribute__((always_inline)) {
      i64& i = c[K::column_axes - 1];
      for (i = inner.begin; i < inner.end; ++i) column(c);
    });
  }
}

// Away from the edges nothing asks where the tensor ends.
template <class K, int P, int Tile, int Unroll, bool Whole>
PT_INLINE void pass_along_rows(const K& kernel, typename K::Row (&rows)[Tile][Unroll], const Lanes& lanes,
                               Range part, typename K::V (&acc)[Tile][Unroll][K::sums(Pass<P>{}) + 1]) {
  if (K::windows && Whole && kernel.interior(rows[0][0], Tile, Unroll * lanes_of<typename K::T>))
    sum_along_rows<K, P, Tile, Unroll, Whole, true>(kernel, rows, lanes, part, acc);
  else
    sum_along_rows<K, P, Tile, Unroll, Whole, false>(kernel, rows, lanes, part, acc);
}

template <class K, int P, int Tile, int Unroll, bool Whole>
PT_INLINE void passes_along_rows(const K& kernel, typename K::Row (&rows)[Tile][Unroll],
                              const Lanes& lanes) {
  if constexpr (P < K::passes) {
    typename K::V acc[Tile][Unroll][K::sums(Pass<P>{}) + 1];
    pass_along_rows<K, P, Tile, Unroll, Whole>(kernel, rows, lanes, {0, kernel.column_extent(0)}, acc);
#pragma GCC unroll 16
    for (int j = 0; j < Tile; ++j)
#pragma GCC unroll 16
      for (int u = 0; u < Unroll; ++u) kernel.finish(Pass<P>{}, rows[j][u], acc[j][u]);
    passes_along_rows<K, P + 1, Tile, Unroll, Whole>(kernel, rows, lanes);
  }
}

template <class K, Step What, int Tile, int Unroll, bool Whole>
PT_INLINE void block_along_rows(const K& kernel, const typename K::Row& first, const Lanes& lanes, int part) {
  using V = typename K::V;
  constexpr int L = lanes_of<typename K::T>, S = K::sums(Pass<0>{});
  typename K::Row rows[Tile][Unroll];
  typename K::Row corner = first;
  kernel.place(corner);
#pragma GCC unroll 16
  for (int j = 0; j < Tile; ++j)
#pragma GCC unroll 16
    for (int u = 0; u < Unroll; ++u) {
      rows[j][u] = corner;
      kernel.beside(rows[j][u], j, u * L);
      if constexpr (K::row_axes > 1) rows[j][u].r[K::row_axes - 2] += j;
      rows[j][u].r[K::row_axes - 1] += u * L;
      kernel.template start<Whole>(rows[j][u], lanes);
    }
  if constexpr (What == Step::compute) {
    passes_along_rows<K, 0, Tile, Unroll, Whole>(kernel, rows, lanes);
  } else {
    V acc[Tile][Unroll][S + 1];
    if constexpr (What == Step::leave_partials)
      pass_along_rows<K, 0, Tile, Unroll, Whole>(kernel, rows, lanes, columns_of_part(kernel, part), acc);
    for (int j = 0; j < Tile; ++j)
      for (int u = 0; u < Unroll; ++u) {
        const i64 flat = flat_row(kernel, rows[j][u]);
        if constexpr (What == Step::leave_partials) {
          for (int s = 0; s < S; ++s)
            write_lanes<'u', Whole, false>(partial(kernel, s, part, flat), 1, acc[j][u][s], lanes);
          continue;
        }
        kernel.clear(Pass<0>{}, acc[j][u]);
        for (int from = 0; from < K::split; ++from) {
          V some[S + 1];
          for (int s = 0; s < S; ++s)
            some[s] = read_lanes<typename K::T, 'u', Whole>(partial(kernel, s, from, flat), 1, lanes);
          kernel.merge(Pass<0>{}, acc[j][u], some);
        }
        kernel.finish(Pass<0>{}, rows[j][u], acc[j][u]);
      }
    if constexpr (What == Step::leave_partials) return;
  }
#pragma GCC unroll 16
  for (int j = 0; j < Tile; ++j)
#pragma GCC unroll 16
    for (int u = 0; u < Unroll; ++u) kernel.template store<Whole>(rows[j][u], lanes);
}

// Rows [begin, end) of the innermost row axis, Tile of the next.
template <class K, Step What, int Tile>
PT_INLINE void strip_along_rows(const K& kernel, typename K::Row row, i64 end, int part) {
  constexpr int L = lanes_of<typename K::T>;
  i64& i = row.r[K::row_axes - 1];
  const Lanes whole{L, {}};
  for (; i + K::unroll * L <= end; i += K::unroll * L)
    block_along_rows<K, What, Tile, K::unroll, true>(kernel, row, whole, part);
  for (; i + L <= end; i += L) block_along_rows<K, What, Tile, 1, true>(kernel, row, whole, part);
  if (i < end)
    block_along_rows<K, What, Tile, 1, false>(kernel, row, lanes_up_to<typename K::T>(end - i), part);
}

template <class K>
constexpr i64 strip_rows() {
  return K::unroll * lanes_of<typename K::T>;
}

// Units of work that tasks divide: rows, or tiles of rows.
template <class K>
inline i64 units_of(const K& kernel) {
  if constexpr (!K::along_rows) return all_rows(kernel);
  i64 units = (kernel.row_extent(K::row_axes - 1) + strip_rows<K>() - 1) / strip_rows<K>();
  if constexpr (K::row_axes > 1) units *= (kernel.row_extent(K::row_axes - 2) + K::tile - 1) / K::tile;
#pragma GCC unroll 8
  for (int i = 0; i + 2 < K::row_axes; ++i) units *= kernel.row_extent(i);
  return units;
}

// Units [begin, end): the strips of a tile of rows, then the next tile, then the next outer row.
template <class K, Step What>
PT_INLINE void units_along_rows(const K& kernel, Range units, int part, [[maybe_unused]] typename K::T* plane) {
  constexpr int last = K::row_axes - 1;
  constexpr int next = last > 0 ? last - 1 : 0;
  const i64 extent = kernel.row_extent(last);
  const i64 strips = (extent + strip_rows<K>() - 1) / strip_rows<K>();
  const i64 tiles = last > 0 ? (kernel.row_extent(next) + K::tile - 1) / K::tile : 1;
  typename K::Row row;
  row.r[last] = units.begin % strips * strip_rows<K>();
  i64 outer = units.begin / strips;
  if constexpr (last > 0) {
    row.r[next] = outer % tiles * K::tile;
    outer /= tiles;
  }
#pragma GCC unroll 8
  for (int i = last - 2; i >= 0; --i) {
    row.r[i] = i > 0 ? outer % kernel.row_extent(i) : outer;
    outer /= kernel.row_extent(i);
  }
  if constexpr (K::stages)
    if (units.begin < units.end) kernel.stage(row, plane);
  for (i64 unit = units.begin; unit < units.end; ++unit) {
    const i64 end = least(row.r[last] + strip_rows<K>(), extent);
    if constexpr (last == 0) {
      strip_along_rows<K, What, 1>(kernel, row, end, part);
    } else if (K::tile == 1 || row.r[next] + K::tile <= kernel.row_extent(next)) {
      strip_along_rows<K, What, K::tile>(kernel, row, end, part);
    } else {
      const i64 first = row.r[next];
      for (; row.r[next] < kernel.row_extent(next); ++row.r[next])
        strip_along_rows<K, What, 1>(kernel, row, end, part);
      row.r[next] = first;
    }
    row.r[last] += strip_rows<K>();
    if (row.r[last] < extent) continue;
    row.r[last] = 0;
    if constexpr (last > 0) {
      row.r[next] += K::tile;
      if (row.r[next] < kernel.row_extent(next)) continue;
      row.r[next] = 0;
#pragma GCC unroll 8
      for (int i = last - 2; i >= 0; --i) {
        if (++row.r[i] < kernel.row_extent(i)) break;
        row.r[i] = 0;
      }
      if constexpr (K::stages)
        if (unit + 1 < units.end) kernel.stage(row, plane);
    }
  }
}

// What `packed` holds: by vector of rows, column, read.
template <class K>
inline void pack_window(const K& kernel, typename K::T* to) {
  constexpr i64 L = lanes_of<typename K::T>;
  const i64 extent = kernel.row_extent(K::row_axes - 1);
  typename K::Row row;
  for (int i = 0; i < K::row_axes; ++i) row.r[i] = 0;
  for (i64& r = row.r[K::row_axes - 1]; r < extent; r += L) {
    kernel.place(row);
    const Lanes lanes = lanes_up_to<typename K::T>(extent - r);
    i64 c[K::column_axes];
    for_window<0, K>(c, [&](const i64* column) __attribute__((always_inline)) {
      typename K::V out[K::packs + 1];
      if (lanes.count == L) kernel.template pack<true>(row, column, lanes, out);
      else kernel.template pack<false>(row, column, lanes, out);
      for (int q = 0; q < K::packs; ++q, to += L) store(to, out[q]);
    });
  }
}

}  // namespace pt
