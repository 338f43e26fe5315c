// Programs over the columns of rows on the CPU (codegen/row.hpp): reductions, softmax, norms, pooling.
//
// The emitted source defines a kernel type K, the operator and the tile program as constants and
// small inline functions, and calls run<K>. K has
//   types      T (arithmetic), V (a vector of T), Row (r[]: the coordinates of lane 0; values of rows)
//   program    along_rows: lanes are neighbouring rows, else neighbouring columns
//              unroll: vectors side by side along the lanes; tile: rows of the second innermost row
//              axis side by side (along_rows); tasks; split: tasks that share rows, by columns
//   shape      row_axes, column_axes, row_extent(i), column_extent(i); passes, kept; sums(Pass<p>)
//   start(row, lanes)                      values of rows that no pass finds
//   windows, interior(row, tile, count)    whether reads may leave tensors; whether a block's do not
//   share(row, c, lanes, shared)           of Pass<p>: what the rows of a tile have in common
//   clear / step / merge / fold / finish   of Pass<p>: sums of a pass, one vector at a column, two
//                                          sets of sums into one, lanes into one, values from sums
//   store(row, lanes)                      outputs per row
//   scratch(task)                          kept elements: `kept` buffers of kept_stride() each
//   partials()                             sums of split columns
//
// Tasks own rows (and with `split` a part of the columns, whose sums a second parallel step adds in
// order), so results depend on the tile program only.
#pragma once

#include "lanes.hpp"
#include "pool.hpp"

namespace pt {

template <int P>
struct Pass {};

struct Range {
  i64 begin, end;
};
inline Range part_of(i64 extent, i64 parts, i64 index) {
  return {extent * index / parts, extent * (index + 1) / parts};
}

// Columns of a part: all of every column axis but the outermost, which is cut.
template <class K>
inline Range columns_of_part(const K& kernel, int part) {
  constexpr i64 grain = K::column_axes == 1 && !K::along_rows ? lanes_of<typename K::T> : 1;
  const i64 grains = (kernel.column_extent(0) + grain - 1) / grain;
  const Range r = part_of(grains, K::split, part);
  return {least(r.begin * grain, kernel.column_extent(0)), least(r.end * grain, kernel.column_extent(0))};
}

// The smallest and the largest index that a block of rows reads along one dimension.
struct Reach {
  i64 low, high;
  explicit Reach(i64 index) : low(index), high(index) {}
  PT_INLINE void move(i64 step, i64 times) {
    const i64 by = step * times;
    low += by < 0 ? by : 0;
    high += by > 0 ? by : 0;
  }
  PT_INLINE bool within(i64 extent) const { return low >= 0 && high < extent; }
};

// Calls body(c, range of the innermost axis) for all outer columns; c[last] is left to the body.
template <class K, class Body>
PT_INLINE void for_outer_columns(const K& kernel, Range first, const Body& body) {
  constexpr int last = K::column_axes - 1;
  i64 c[K::column_axes];
  if constexpr (last == 0) {
    body(c, first);
  } else if constexpr (last == 1) {
    const Range inner{0, kernel.column_extent(1)};
    for (i64 i = first.begin; i < first.end; ++i) {
      c[0] = i;
      body(c, inner);
    }
  } else {
    const Range inner{0, kernel.column_extent(last)};
    if (first.begin >= first.end) return;
    for (int i = 0; i < last; ++i) c[i] = i == 0 ? first.begin : 0;
    for (;;) {
      body(c, inner);
      int axis = last - 1;
      for (; axis >= 0; --axis) {
        if (++c[axis] < (axis == 0 ? first.end : kernel.column_extent(axis))) break;
        c[axis] = axis == 0 ? first.begin : 0;
      }
      if (axis < 0) return;
    }
  }
}

// ---- Lanes along columns: one row at a time ----

template <class K, int P>
PT_INLINE void pass_along_columns(const K& kernel, typename K::Row& row, typename K::T* kept, Range part,
                               typename K::V (&total)[K::sums(Pass<P>{}) + 1]) {
  using T = typename K::T;
  using V = typename K::V;
  constexpr int L = lanes_of<T>, S = K::sums(Pass<P>{}) + 1;
  V acc[K::unroll][S];
#pragma GCC unroll 16
  for (int u = 0; u < K::unroll; ++u) kernel.clear(Pass<P>{}, acc[u]);
  const Lanes whole{L, {}};
  i64 at = 0;  // position in the kept buffers
  for_outer_columns(kernel, part, [&](i64* c, Range inner) __attribute__((always_inline)) {
    i64& i = c[K::column_axes - 1];
    i = inner.begin;
    for (; i + K::unroll * L <= inner.end;) {
#pragma GCC unroll 16
      for (int u = 0; u < K::unroll; ++u) {
        kernel.template step<true, false>(Pass<P>{}, row, c, kept + at, whole, {}, acc[u]);
        i += L;
        at += L;
      }
    }
    for (; i + L <= inner.end; i += L, at += L)
      kernel.template step<true, false>(Pass<P>{}, row, c, kept + at, whole, {}, acc[0]);
    if (i < inner.end) {
      const Lanes rest = lanes_up_to<T>(inner.end - i);
      kernel.template step<false, false>(Pass<P>{}, row, c, kept + at, rest, {}, acc[0]);
      at += rest.count;
    }
  });
#pragma GCC unroll 16
  for (int u = 1; u < K::unroll; ++u) kernel.merge(Pass<P>{}, acc[0], acc[u]);
  kernel.fold(Pass<P>{}, acc[0]);
#pragma GCC unroll 8
  for (int s = 0; s < S; ++s) total[s] = acc[0][s];
}

template <class K, int P>
PT_INLINE void passes_along_columns(const K& kernel, typename K::Row& row, typename K::T* kept) {
  if constexpr (P < K::passes) {
    typename K::V total[K::sums(Pass<P>{}) + 1];
    pass_along_columns<K, P>(kernel, row, kept, {0, kernel.column_extent(0)}, total);
    kernel.finish(Pass<P>{}, row, total);
    passes_along_columns<K, P + 1>(kernel, row, kept);
  }
}

template <class K>
inline typename K::Row row_at(const K& kernel, i64 flat) {
  typename K::Row row;
#pragma GCC unroll 8
  for (int i = K::row_axes - 1; i > 0; --i) {
    row.r[i] = flat % kernel.row_extent(i);
    flat /= kernel.row_extent(i);
  }
  row.r[0] = flat;
  return row;
}

// ---- Lanes along rows: Tile x Unroll vectors of rows at a time ----

// Goes over all columns once; sums are left in acc.
template <class K, int P, int Tile, int Unroll, bool Whole, bool Inside>
PT_INLINE void sum_along_rows(const K& kernel, typename K::Row (&rows)[Tile][Unroll], const Lanes& lanes,
                            Range part, typename K::V (&acc)[Tile][Unroll][K::sums(Pass<P>{}) + 1]) {
#pragma GCC unroll 16
  for (int j = 0; j < Tile; ++j)
#pragma GCC unroll 16
    for (int u = 0; u < Unroll; ++u) kernel.clear(Pass<P>{}, acc[j][u]);
  for_outer_columns(kernel, part, [&](i64* c, Range inner) __attribute__((always_inline)) {
    i64& i = c[K::column_axes - 1];
    for (i = inner.begin; i < inner.end; ++i) {
      typename K::Shared shared[Unroll];  // what the rows of a tile have in common
#pragma GCC unroll 16
      for (int u = 0; u < Unroll; ++u)
        kernel.template share<Whole>(Pass<P>{}, rows[0][u], c, lanes, shared[u]);
#pragma GCC unroll 16
      for (int j = 0; j < Tile; ++j)
#pragma GCC unroll 16
        for (int u = 0; u < Unroll; ++u)
          kernel.template step<Whole, Inside>(Pass<P>{}, rows[j][u], c, nullptr, lanes, shared[u], acc[j][u]);
    }
  });
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

// Flat position of a row, for partial sums.
template <class K>
inline i64 flat_row(const K& kernel, const typename K::Row& row) {
  i64 flat = row.r[0];
#pragma GCC unroll 8
  for (int i = 1; i < K::row_axes; ++i) flat = flat * kernel.row_extent(i) + row.r[i];
  return flat;
}

template <class K>
inline i64 all_rows(const K& kernel) {
  i64 product = 1;
#pragma GCC unroll 8
  for (int i = 0; i < K::row_axes; ++i) product *= kernel.row_extent(i);
  return product;
}

// Partial sum `s` of a part of the columns for the row at flat position `row`.
template <class K>
inline typename K::T* partial(const K& kernel, int s, int part, i64 row) {
  return kernel.partials() + (s * K::split + part) * all_rows(kernel) + row;
}

// What is to be done with one block of rows.
enum class Step { compute, leave_partials, add_partials };

template <class K, Step What, int Tile, int Unroll, bool Whole>
PT_INLINE void block_along_rows(const K& kernel, const typename K::Row& first, const Lanes& lanes, int part) {
  using V = typename K::V;
  constexpr int L = lanes_of<typename K::T>, S = K::sums(Pass<0>{});
  typename K::Row rows[Tile][Unroll];
#pragma GCC unroll 16
  for (int j = 0; j < Tile; ++j)
#pragma GCC unroll 16
    for (int u = 0; u < Unroll; ++u) {
      rows[j][u] = first;
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
inline void strip_along_rows(const K& shared, typename K::Row row, i64 end, int part) {
  const K kernel = shared;  // a copy that nothing else sees stays in registers across masked loads
  constexpr int L = lanes_of<typename K::T>;
  i64& i = row.r[K::row_axes - 1];
  const Lanes whole{L, {}};
  for (; i + K::unroll * L <= end; i += K::unroll * L)
    block_along_rows<K, What, Tile, K::unroll, true>(kernel, row, whole, part);
  for (; i + L <= end; i += L) block_along_rows<K, What, Tile, 1, true>(kernel, row, whole, part);
  if (i < end)
    block_along_rows<K, What, Tile, 1, false>(kernel, row, lanes_up_to<typename K::T>(end - i), part);
}

// ---- Tasks ----

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

template <class K, Step What>
inline void unit_along_rows(const K& kernel, i64 unit, int part) {
  constexpr int last = K::row_axes - 1;
  const i64 strips = (kernel.row_extent(last) + strip_rows<K>() - 1) / strip_rows<K>();
  typename K::Row row;
  row.r[last] = unit % strips * strip_rows<K>();
  const i64 end = least(row.r[last] + strip_rows<K>(), kernel.row_extent(last));
  unit /= strips;
  if constexpr (last == 0) {
    strip_along_rows<K, What, 1>(kernel, row, end, part);
  } else {
    const i64 tiles = (kernel.row_extent(last - 1) + K::tile - 1) / K::tile;
    const i64 first = unit % tiles * K::tile;
    unit /= tiles;
#pragma GCC unroll 8
    for (int i = last - 2; i > 0; --i) {
      row.r[i] = unit % kernel.row_extent(i);
      unit /= kernel.row_extent(i);
    }
    if constexpr (last >= 2) row.r[0] = unit;
    row.r[last - 1] = first;
    if (first + K::tile <= kernel.row_extent(last - 1)) {
      strip_along_rows<K, What, K::tile>(kernel, row, end, part);
    } else {
      for (; row.r[last - 1] < kernel.row_extent(last - 1); ++row.r[last - 1])
        strip_along_rows<K, What, 1>(kernel, row, end, part);
    }
  }
}

template <class K, Step What>
PT_INLINE void unit_along_columns(const K& kernel, i64 unit, int part, typename K::T* kept) {
  using V = typename K::V;
  constexpr int S = K::sums(Pass<0>{});
  const Lanes one{1, {}};
  typename K::Row row = row_at(kernel, unit);
  kernel.template start<true>(row, one);
  if constexpr (What == Step::compute) {
    passes_along_columns<K, 0>(kernel, row, kept);
  } else {
    V acc[S + 1];
    if constexpr (What == Step::leave_partials) {
      pass_along_columns<K, 0>(kernel, row, kept, columns_of_part(kernel, part), acc);
      for (int s = 0; s < S; ++s) *partial(kernel, s, part, unit) = acc[s][0];
      return;
    }
    kernel.clear(Pass<0>{}, acc);
    for (int from = 0; from < K::split; ++from) {
      V some[S + 1];
      for (int s = 0; s < S; ++s) some[s] = broadcast<typename K::T>(*partial(kernel, s, from, unit));
      kernel.merge(Pass<0>{}, acc, some);
    }
    kernel.finish(Pass<0>{}, row, acc);
  }
  kernel.template store<true>(row, one);
}

template <class K, Step What>
inline void work(void* argument, int task) {
  const K kernel = *static_cast<const K*>(argument);  // see strip_along_rows
  const bool split = What == Step::leave_partials;
  const int part = split ? task % K::split : 0;
  const Range units = part_of(units_of(kernel), split ? K::tasks / K::split : K::tasks,
                              split ? task / K::split : task);
  for (i64 unit = units.begin; unit < units.end; ++unit) {
    if constexpr (K::along_rows)
      unit_along_rows<K, What>(kernel, unit, part);
    else
      unit_along_columns<K, What>(kernel, unit, part, kernel.scratch(task));
  }
}

template <class K, Step What>
inline void in_parallel(const K& kernel, const PerftunePool& pool) {
  void* argument = const_cast<K*>(&kernel);
  if constexpr (K::tasks == 1)
    work<K, What>(argument, 0);
  else
    pool.run(pool.context, K::tasks, &work<K, What>, argument);
}

template <class K>
inline void run(const K& kernel, const PerftunePool& pool) {
  if constexpr (K::split > 1) {
    in_parallel<K, Step::leave_partials>(kernel, pool);
    in_parallel<K, Step::add_partials>(kernel, pool);
  } else {
    in_parallel<K, Step::compute>(kernel, pool);
  }
}

}  // namespace pt
