// Passes over the columns of rows: columns in order, lanes along them, and sums of parts of them
// (row.hpp says what K has).
#pragma once

#include "lanes.hpp"

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

// Calls body(c) for all columns of a constant window, laid out one after the other.
template <int Axis, class K, class Body>
PT_INLINE void for_window(i64 (&c)[K::column_axes], const Body& body) {
#pragma GCC unroll 64
  for (i64 i = 0; i < K::window[Axis]; ++i) {
    c[Axis] = i;
    if constexpr (Axis + 1 == K::column_axes) body(c);
    else for_window<Axis + 1, K>(c, body);
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

}  // namespace pt
