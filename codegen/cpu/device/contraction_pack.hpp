// Packing: copies of operand blocks in the order in which the register tile reads them.
//
//   left   panels of register_m rows: element (m, k) at panel + k * register_m + m
//   right  panels of register_n vectors: element (k, n) at panel + k * width + n; the last panel
//          is narrower, whole vectors, its missing columns zero
//
// Packing also converts the storage type, applies declared padding, and takes any stride. Stores
// may run past a panel into the next, which is written later; the buffer has a vector of slack.
#pragma once

#include "contraction_stage.hpp"
#include "simd.hpp"
#include "storage.hpp"

namespace pt {

#define PT_LOW(h, i) (((i) & (h)) ? L + (i) - (h) : (i))
#define PT_HIGH(h, i) (((i) & (h)) ? L + (i) : (i) + (h))
#define PT_LANES4(F, h) F(h, 0), F(h, 1), F(h, 2), F(h, 3)
#define PT_LANES8(F, h) PT_LANES4(F, h), F(h, 4), F(h, 5), F(h, 6), F(h, 7)
#define PT_LANES16(F, h)                                                                    \
  PT_LANES8(F, h), F(h, 8), F(h, 9), F(h, 10), F(h, 11), F(h, 12), F(h, 13), F(h, 14), F(h, 15)

// One butterfly: exchanges the off-diagonal h x h blocks of two rows that are h apart.
template <int h, class T>
inline void exchange(Vector<T>& a, Vector<T>& b) {
  constexpr int L = lanes_of<T>;
  const Vector<T> x = a, y = b;
  if constexpr (L == 16) {
    a = __builtin_shufflevector(x, y, PT_LANES16(PT_LOW, h));
    b = __builtin_shufflevector(x, y, PT_LANES16(PT_HIGH, h));
  } else if constexpr (L == 8) {
    a = __builtin_shufflevector(x, y, PT_LANES8(PT_LOW, h));
    b = __builtin_shufflevector(x, y, PT_LANES8(PT_HIGH, h));
  } else {
    a = __builtin_shufflevector(x, y, PT_LANES4(PT_LOW, h));
    b = __builtin_shufflevector(x, y, PT_LANES4(PT_HIGH, h));
  }
}
#undef PT_LOW
#undef PT_HIGH
#undef PT_LANES4
#undef PT_LANES8
#undef PT_LANES16

template <int h, class T>
inline void exchange_all(Vector<T> (&v)[lanes_of<T>]) {
#pragma GCC unroll 16
  for (int i = 0; i < lanes_of<T>; ++i)
    if ((i & h) == 0) exchange<h, T>(v[i], v[i + h]);
}

// In-place transpose of a lanes x lanes block: log2(lanes) butterfly steps.
template <class T>
inline void transpose(Vector<T> (&v)[lanes_of<T>]) {
  exchange_all<1, T>(v);
  exchange_all<2, T>(v);
  if constexpr (lanes_of<T> >= 8) exchange_all<4, T>(v);
  if constexpr (lanes_of<T> >= 16) exchange_all<8, T>(v);
}

// to[k * stride + j] = from[row(j) + k] for j < count <= lanes, k < depth; zero for further j.
template <class T, class Row>
inline void pack_transposed(T* to, i64 stride, const T* from, const Row& row, int count,
                            i64 depth) {
  constexpr int L = lanes_of<T>;
  Vector<T> v[L];
  i64 k = 0;
  for (; k + L <= depth; k += L) {
#pragma GCC unroll 16
    for (int j = 0; j < L; ++j) v[j] = j < count ? load(from + row(j) + k) : Vector<T>{};
    transpose<T>(v);
#pragma GCC unroll 16
    for (int j = 0; j < L; ++j) store(to + (k + j) * stride, v[j]);
  }
  if (k == depth) return;
  const Mask rest = first_lanes<T>(static_cast<int>(depth - k));
#pragma GCC unroll 16
  for (int j = 0; j < L; ++j) v[j] = j < count ? load_first(from + row(j) + k, rest) : Vector<T>{};
  transpose<T>(v);
#pragma GCC unroll 16
  for (int j = 0; j < L; ++j)
    if (k + j < depth) store(to + (k + j) * stride, v[j]);
}

// Steps that are copied side by side, over all panels: an operand whose rows are steps is read in
// long pieces of few rows, not in short ones of all (one page each, and often one cache set).
inline constexpr i64 steps_side_by_side = 8;

// Whole vectors may be copied: nothing is converted, and no read leaves its tensor.
template <class K>
inline constexpr bool plain_left = same_type<typename K::Left, typename K::Sum> && !K::left_bounded;
template <class K>
inline constexpr bool plain_right = same_type<typename K::Right, typename K::Sum> && !K::right_bounded;

// Rows [m0, m1) x steps [k0, k1) of batch element b.
template <class K>
void pack_left(const K& kernel, typename K::Sum* to, i64 b, i64 m0, i64 m1, i64 k0, i64 k1) {
  using Sum = typename K::Sum;
  constexpr int R = K::register_m;
  const i64 depth = k1 - k0;
  const typename K::Left* from = kernel.left(b);
  if constexpr (plain_left<K> && K::left_unit == 'm' && R <= lanes_of<Sum>) {
    for (i64 k = 0; k < depth; k += steps_side_by_side) {
      const i64 end = least(depth, k + steps_side_by_side);
      Sum* panel = to;
      for (i64 m = m0; m < m1; m += R, panel += R * depth) {
        const Mask some = first_lanes<Sum>(static_cast<int>(least(R, m1 - m)));
        const typename K::Left* start = from + kernel.left_row(m);
        for (i64 step = k; step < end; ++step)
          store_first(panel + step * R, load_first(start + kernel.left_step(k0 + step), some),
                      first_lanes<Sum>(R));
      }
    }
    return;
  }
  for (i64 m = m0; m < m1; m += R, to += R * depth) {
    const int rows = static_cast<int>(least(R, m1 - m));
    if constexpr (plain_left<K> && K::left_unit == 'k' && R <= lanes_of<Sum>) {
      const typename K::Left* start = from + kernel.left_step(k0);
      pack_transposed<Sum>(to, R, start, [&](int i) { return kernel.left_row(m + i); }, rows, depth);
    } else if constexpr (plain_left<K> && K::left_unit == 'r' && R <= lanes_of<Sum>) {
      i64 offset[R] = {};
      auto walk = kernel.left_rows();
      walk.seek(m);
      for (int i = 0; i < rows; ++i, walk.next()) offset[i] = walk.offset;
      const i64 run = kernel.left_run();
      for (i64 k = k0; k < k1;) {
        const i64 end = least(k1, (k / run + 1) * run);
        pack_transposed<Sum>(to + (k - k0) * R, R, from + kernel.left_step(k), [&](int i) { return offset[i]; }, rows,
                             end - k);
        k = end;
      }
    } else {
      for (int i = 0; i < R; ++i) {
        const i64 row = m + (i < rows ? i : 0);
        const i64 offset = kernel.left_row(row);
        for (i64 k = 0; k < depth; ++k) {
          if constexpr (K::left_bounded) {
            to[k * R + i] = kernel.left_inside(b, row, k0 + k)
                                ? to_value<Sum>(from[offset + kernel.left_step(k0 + k)])
                                : static_cast<Sum>(K::left_pad);
          } else {
            to[k * R + i] = to_value<Sum>(from[offset + kernel.left_step(k0 + k)]);
          }
        }
      }
    }
  }
}

// Elements of one step that lie equally spaced: `count` of them belong at `to` of a panel's row.
struct Piece {
  i64 from;
  int to, count;
};

// Copies a piece and, after it, up to a vector of zeros. `stride` is between source elements.
template <class T>
inline void copy_piece(T* to, const T* from, int count, i64 stride) {
  constexpr int L = lanes_of<T>;
  if (stride == 1) {
    for (; count > L; count -= L, to += L, from += L) store(to, load(from));
    store(to, load_first(from, first_lanes<T>(count)));
    return;
  }
  if constexpr (sizeof(T) == 4) {
    // Every other element of two vectors; the last one read is the last of the piece.
    if (stride == 2)
      for (; count > L; count -= L, to += L, from += 2 * L) store(to, even_lanes(load(from), load(from + L)));
    if (stride == 2) {
      const int span = 2 * count - 1;
      const Vector<T> low = load_first(from, first_lanes<T>(span < L ? span : L));
      const Vector<T> high = span > L ? load_first(from + L, first_lanes<T>(span - L)) : Vector<T>{};
      store(to, even_lanes(low, high));
      return;
    }
  }
  for (; count > 0; count -= L, to += L) {
    Vector<T> v{};
    const int some = count < L ? count : L;
    for (int i = 0; i < some; ++i, from += stride) v[i] = *from;
    store(to, v);
  }
}

// A panel of `columns` columns from n on, `width` with those that are missing: image rows, say, of a
// convolution, each a run of columns.
template <class K>
void pack_runs(const K& kernel, typename K::Sum* to, const typename K::Sum* from, i64 n, i64 columns, i64 width,
               i64 k0, i64 k1) {
  using Sum = typename K::Sum;
  constexpr int L = lanes_of<Sum>;
  Piece pieces[K::register_n * L];
  int count = 0;
  const i64 run = kernel.right_run();
  for (i64 done = 0; done < columns;) {
    const i64 left = run - (n + done) % run;
    auto walk = kernel.right_columns();
    walk.seek(n + done);
    const i64 some = least(left, columns - done);
    pieces[count++] = {walk.offset, static_cast<int>(done), static_cast<int>(some)};
    done += some;
  }
  const i64 stride = kernel.right_column_stride();
  for (i64 k = k0; k < k1; ++k, to += width) {
    const Sum* step = from + kernel.right_step(k);
    if (columns < width) store(to + width - L, Vector<Sum>{});
    for (int i = 0; i < count; ++i) copy_piece(to + pieces[i].to, step + pieces[i].from, pieces[i].count, stride);
  }
}

// Columns [n0, n1) x steps [k0, k1) of batch element b.
template <class K>
void pack_right(const K& kernel, typename K::Sum* to, i64 b, i64 n0, i64 n1, i64 k0, i64 k1) {
  using Sum = typename K::Sum;
  constexpr int L = lanes_of<Sum>;
  constexpr i64 W = K::register_n * L;
  const i64 depth = k1 - k0;
  const typename K::Right* from = kernel.right(b);
  if constexpr (plain_right<K> && K::right_unit == 'n') {
    for (i64 k = 0; k < depth; k += steps_side_by_side) {
      const i64 end = least(depth, k + steps_side_by_side);
      Sum* panel = to;
      i64 n = n0;
      for (; n + W <= n1; n += W, panel += W * depth)
        for (i64 step = k; step < end; ++step) {
          const Sum* row = from + kernel.right_step(k0 + step) + kernel.right_column(n);
#pragma GCC unroll 32
          for (i64 j = 0; j < W; j += L) store(panel + step * W + j, load(row + j));
        }
      if (n == n1) continue;
      const i64 width = round_up(n1 - n, L);
      const Mask rest = first_lanes<Sum>(static_cast<int>(n1 - n - (width - L)));
      for (i64 step = k; step < end; ++step) {
        const Sum* row = from + kernel.right_step(k0 + step) + kernel.right_column(n);
        Sum* line = panel + step * width;
        for (i64 j = 0; j < width - L; j += L) store(line + j, load(row + j));
        store(line + width - L, load_first(row + width - L, rest));
      }
    }
    return;
  }
  for (i64 n = n0; n < n1; n += W) {
    const i64 columns = least(W, n1 - n);
    const i64 width = round_up(columns, L);
    if constexpr (plain_right<K> && K::right_unit == 'k') {
      const typename K::Right* start = from + kernel.right_step(k0);
      for (i64 j = 0; j < columns; j += L)
        pack_transposed<Sum>(to + j, width, start,
                             [&](int i) { return kernel.right_column(n + j + i); },
                             static_cast<int>(least(L, columns - j)), depth);
    } else if constexpr (plain_right<K> && K::right_unit == 'r') {
      pack_runs(kernel, to, from, n, columns, width, k0, k1);
    } else {
      for (i64 j = 0; j < width; ++j) {
        const i64 column = n + least(j, columns - 1);
        const i64 offset = kernel.right_column(column);
        for (i64 k = 0; k < depth; ++k) {
          Sum value{};
          if (j < columns) {
            if constexpr (K::right_bounded) {
              value = kernel.right_inside(b, column, k0 + k)
                          ? to_value<Sum>(from[offset + kernel.right_step(k0 + k)])
                          : static_cast<Sum>(K::right_pad);
            } else {
              value = to_value<Sum>(from[offset + kernel.right_step(k0 + k)]);
            }
          }
          to[k * width + j] = value;
        }
      }
    }
    to += width * depth;
  }
}

}  // namespace pt
