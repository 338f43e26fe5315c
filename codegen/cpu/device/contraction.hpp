// A contraction on the CPU: out[b,m,n] = epilogue(sum_k left[b,m,k] * right[b,n,k]).
//
// The emitted source defines a kernel type K, the operator and the tile program as constants and
// small inline functions, and calls run<K>. K has
//   types      Left Right Out (storage), Sum (accumulator), Value (of the epilogue)
//   program    form ('t'ile, 'd'ot, 'a'xpy), register_m, register_n, block_m, block_n, block_k,
//              pack_a, pack_b, threads_b, threads_m, threads_n, split_k, rows_inner, unroll, prefetch
//   extents    batches() rows() columns() depth()
//   addresses  left(b) right(b) out(b): pointers of a batch element; left_row(m) left_step(k)
//              right_step(k) right_column(n) out_row(m) out_column(n): element offsets from them;
//              left_rows() left_steps() right_columns() right_steps(): the same as a Walk
//   layout     left_unit ('m', 'k', 'r' or '0'), right_unit ('k', 'n', 'r' or '0'), out_unit ('n', 'r', 'm' or '0'):
//              the group along which it is contiguous; 'r': several axes that do not nest, equally spaced
//              in runs: left_run() steps and out_run() columns (rows, for 'm': tiles are turned) that are contiguous, right_run() columns
//              that are right_column_stride() apart. right_stride(): between steps, if read in place
//   edges      left_bounded, left_inside(b,m,k), left_pad and the same for right; stages, stage(task, tasks):
//              copies of operands that are read there instead
//   tables     left_tabled, left_table(): left_step(k) is left_table()[k]; the same for right
//   columns    column_offsets(n, count, to): column_tables tables, table_width<K> apart, of columns from n on: of the
//              output first unless out_unit is 'n', then of the epilogue's operands that lie neither in one place nor in a row
//   epilogue(v, b, m, n, lanes, mask, tables from n on), sums_in_output
//   workspace  partials() for split k; scratch(task): private to a task, aligned to 64 bytes
//
// A task owns a rectangle of (b, m, n) and a slice of k; tasks share nothing but inputs, and k
// slices are added in order in a second parallel step. So results depend on the tile program only.
#pragma once

#include "contraction_axpy.hpp"
#include "contraction_dot.hpp"
#include "contraction_stage.hpp"
#include "contraction_tile.hpp"
#include "pool.hpp"

namespace pt {

inline constexpr i64 steps_per_slice = 16;  // k slices are cut at whole cache lines of float

struct Share {
  Range b, m, n, k;
  int slice;
};

template <class K>
inline i64 column_grain() {
  return K::form == 'd' ? K::register_n : i64{K::register_n} * lanes_of<typename K::Sum>;
}

template <class K>
inline Share share_of(const K& kernel, int task) {
  const int slice = task % K::split_k;
  task /= K::split_k;
  const int tn = task % K::threads_n;
  task /= K::threads_n;
  const int tm = task % K::threads_m;
  const int tb = task / K::threads_m;
  return {part_of(kernel.batches(), 1, K::threads_b, tb),
          part_of(kernel.rows(), K::register_m, K::threads_m, tm),
          part_of(kernel.columns(), column_grain<K>(), K::threads_n, tn),
          part_of(kernel.depth(), steps_per_slice, K::split_k, slice), slice};
}

template <class K>
struct Panel {
  const typename K::Sum* data;
  i64 stride;  // between steps of k
};

// Multiplies rows [m0, m1) by columns [n0, n1) over one block of k.
template <class K>
inline void block(const K& kernel, Place at, const typename K::Sum* packed_left,
                  const typename K::Sum* packed_right, Range m, Range n, Range k) {
  constexpr i64 L = lanes_of<typename K::Sum>;
  constexpr i64 R = K::register_m;
  constexpr i64 W = K::register_n * L;
  const i64 depth = k.end - k.begin;
  auto walk = kernel.left_rows();
  ColumnTables<K> tables;
  const auto rows_at = [&](i64 row) { return static_cast<int>(least(R, m.end - row)); };
  const auto one = [&](const auto& left, i64 row, i64 column) {
    const i64 columns = least(W, n.end - column);
    const typename K::Sum* right = packed_right + (column - n.begin) * depth;
    i64 stride = round_up(columns, L);
    if constexpr (!K::pack_b) {
      right = kernel.right(at.b) + kernel.right_step(k.begin) + kernel.right_column(column);
      stride = kernel.right_stride();
    }
    at.m = row;
    at.rows = rows_at(row);
    tile_of_width<K, K::register_n>(kernel, left, right, stride, k.begin, k.end, at, columns);
  };
  const auto left_at = [&](i64 row) {
    if constexpr (K::pack_a)
      return PackedLeft<K>{packed_left + (row - m.begin) * depth - k.begin * R};
    else
      return PlacedLeft<K>(kernel, at.b, walk, rows_at(row));
  };
  const auto go_to = [&](i64 column) {
    at.n = column;
    at.to = columns_from(kernel, column, tables.fill(kernel, column, least(W, n.end - column)));
  };
  if constexpr (K::rows_inner) {
    for (i64 column = n.begin; column < n.end; column += W) {
      go_to(column);
      walk.seek(m.begin);
      for (i64 row = m.begin; row < m.end; row += R) one(left_at(row), row, column);
    }
  } else {
    walk.seek(m.begin);
    for (i64 row = m.begin; row < m.end; row += R) {
      const auto left = left_at(row);
      for (i64 column = n.begin; column < n.end; column += W) {
        go_to(column);
        one(left, row, column);
      }
    }
  }
}

template <class K>
inline void tiles(const K& kernel, const Share& share, i64 b, typename K::Sum* scratch) {
  using Sum = typename K::Sum;
  constexpr i64 L = lanes_of<Sum>;
  Sum* packed_left = scratch + kernel.right_scratch();
  Place at;
  at.b = b;
  at.slice = share.slice;
  for (i64 n = share.n.begin; n < share.n.end; n += K::block_n)
    for (i64 k = share.k.begin; k < share.k.end; k += K::block_k) {
      const Range columns{n, least(n + K::block_n, share.n.end)};
      const Range steps{k, least(k + K::block_k, share.k.end)};
      at.first = k == share.k.begin;
      at.last = steps.end == share.k.end;
      if constexpr (K::pack_b)
        pack_right(kernel, scratch, b, columns.begin, columns.end, steps.begin, steps.end);
      for (i64 m = share.m.begin; m < share.m.end; m += K::block_m) {
        const Range rows{m, least(m + K::block_m, share.m.end)};
        if constexpr (K::pack_a)
          pack_left(kernel, packed_left, b, rows.begin, rows.end, steps.begin, steps.end);
        block(kernel, at, packed_left, scratch, rows, columns, steps);
      }
    }
}

template <class K>
inline void thin(const K& kernel, const Share& share, i64 b, typename K::Sum* scratch) {
  Place at;
  at.b = b;
  at.slice = share.slice;
  constexpr i64 width = K::form == 'd' ? K::register_n : K::block_n;
  for (i64 m = share.m.begin; m < share.m.end; m += K::register_m)
    for (i64 n = share.n.begin; n < share.n.end; n += width) {
      at.m = m;
      at.n = n;
      at.rows = static_cast<int>(least(K::register_m, share.m.end - m));
      const i64 columns = least(width, share.n.end - n);
      if constexpr (K::form == 'd')
        dot_tile(kernel, share.k.begin, share.k.end, at, static_cast<int>(columns));
      else
        axpy_strip(kernel, scratch, share.k.begin, share.k.end, at, columns);
    }
}

template <class K>
void work(void* argument, int task) {
  const K& kernel = *static_cast<const K*>(argument);
  const Share share = share_of(kernel, task);
  for (i64 b = share.b.begin; b < share.b.end; ++b) {
    if constexpr (K::form == 't')
      tiles(kernel, share, b, kernel.scratch(task));
    else
      thin(kernel, share, b, kernel.scratch(task));
  }
  if constexpr (K::stream_c) stores_done();
}

// Adds the k slices of a part of the output, slice 0 first, and finishes it.
template <class K>
void add_slices(void* argument, int task) {
  const K& kernel = *static_cast<const K*>(argument);
  using Sum = typename K::Sum;
  using Value = typename K::Value;
  constexpr int L = lanes_of<Sum>;
  static_assert(lanes_of<Value> == L, "sums and values of a split k differ in size");
  constexpr int tasks = K::threads_b * K::threads_m * K::threads_n * K::split_k;
  const i64 strips = (kernel.columns() + L - 1) / L;
  const i64 all = kernel.batches() * kernel.rows() * strips;
  const Range mine = part_of(all, 1, tasks, task);
  ColumnTables<K> tables;
  for (i64 at = mine.begin; at < mine.end; ++at) {
    const i64 n = at % strips * L;
    const i64 row = at / strips;
    Place place;
    place.b = row / kernel.rows();
    place.m = row % kernel.rows();
    const int lanes = static_cast<int>(least(L, kernel.columns() - n));
    const Mask mask = first_lanes<Sum>(lanes);
    Vector<Sum> sum{};
    for (int slice = 0; slice < K::split_k; ++slice)
      sum += load_first(partial(kernel, slice, place.b, place.m, n), mask);
    const i64* table = tables.fill(kernel, n, lanes);
    store_output(kernel, output_row(kernel, place, place.m), columns_from(kernel, n, table), lanes, mask,
                 kernel.epilogue(as_value<Value, Sum>(sum), place.b, place.m, n, lanes, mask, table));
  }
}

template <class K>
void stage(void* argument, int task) {
  constexpr int tasks = K::threads_b * K::threads_m * K::threads_n * K::split_k;
  static_cast<const K*>(argument)->stage(task, tasks);
}

template <class K>
inline void run(const K& kernel, const PerftunePool& pool) {
  void* argument = const_cast<K*>(&kernel);
  constexpr int tasks = K::threads_b * K::threads_m * K::threads_n * K::split_k;
  if constexpr (K::left_tabled) fill_offsets(kernel.left_table(), kernel.depth(), kernel.left_steps());
  if constexpr (K::right_tabled) fill_offsets(kernel.right_table(), kernel.depth(), kernel.right_steps());
  if constexpr (K::stages) {
    if constexpr (tasks == 1)
      stage<K>(argument, 0);
    else
      pool.run(pool.context, tasks, &stage<K>, argument);
  }
  if constexpr (tasks == 1) {
    work<K>(argument, 0);
  } else {
    pool.run(pool.context, tasks, &work<K>, argument);
    if constexpr (K::split_k > 1) pool.run(pool.context, tasks, &add_slices<K>, argument);
  }
}

}  // namespace pt
