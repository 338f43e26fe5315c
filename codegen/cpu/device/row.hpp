// Programs over the columns of rows on the CPU (codegen/row.hpp): reductions, softmax, norms, pooling.
//
// The emitted source defines a kernel type K, the operator and the tile program as constants and
// small inline functions, and calls run<K>. K has
//   types      T (arithmetic), V (a vector of T), Row (r[]: the coordinates of lane 0; values of rows)
//   program    along_rows: lanes are neighbouring rows, else neighbouring columns
//              unroll: vectors side by side along the lanes; tile: rows of the second innermost row
//              axis side by side (along_rows); tasks; split: tasks that share rows, by columns
//   shape      row_axes, column_axes, row_extent(i), column_extent(i); passes, kept; sums(Pass<p>)
//   place(row), beside(row, rows, by)      addresses from coordinates, or from a neighbouring row's
//   start(row, lanes)                      values of rows that no pass finds
//   unrolled, window[]                     column extents are constants: columns one after the other
//   packs, pack(row, c, lanes, out)        reads of a constant window that `packed` holds in order
//   stages, stage(row, to)                 a plane with its padding, for one point of the outer rows
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

#include "pool.hpp"
#include "row_strips.hpp"

namespace pt {

template <class K, Step What>
PT_INLINE void unit_along_columns(const K& kernel, i64 unit, int part, typename K::T* kept) {
  using V = typename K::V;
  constexpr int S = K::sums(Pass<0>{});
  const Lanes one{1, {}};
  typename K::Row row = row_at(kernel, unit);
  kernel.place(row);
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
  K kernel = *static_cast<const K*>(argument);  // a copy that nothing else sees stays in registers
                                                // across masked loads
  if constexpr (K::packs > 0) {
    pack_window(kernel, kernel.scratch(task));
    kernel.packed = kernel.scratch(task);
  }
  const bool split = What == Step::leave_partials;
  const int part = split ? task % K::split : 0;
  const Range units = part_of(units_of(kernel), split ? K::tasks / K::split : K::tasks,
                              split ? task / K::split : task);
  if constexpr (K::along_rows) {
    typename K::T* plane = nullptr;
    if constexpr (K::stages) {
      plane = kernel.scratch(task) + kernel.p.scratch_stage;
      kernel.staged = plane;
    }
    units_along_rows<K, What>(kernel, units, part, plane);
  } else {
    for (i64 unit = units.begin; unit < units.end; ++unit)
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
