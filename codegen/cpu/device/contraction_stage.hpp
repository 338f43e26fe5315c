// What a contraction does once before its tiles: copies of padded operands that no read leaves, and
// tables of the offsets of steps, so that the inner loops neither test nor divide.
#pragma once

#include "simd.hpp"
#include "storage.hpp"

namespace pt {

struct Range {
  i64 begin, end;
};

// Part `index` of `parts` of [0, extent), cut at multiples of `grain`.
inline Range part_of(i64 extent, i64 grain, int parts, int index) {
  const i64 grains = (extent + grain - 1) / grain;
  return {least(extent, grains * index / parts * grain), least(extent, grains * (index + 1) / parts * grain)};
}

// The offsets of a group's points in order, without a division per point.
template <int Axes>
struct Walk {
  i64 extent[Axes], stride[Axes];  // outermost first; the outermost extent is not asked for
  i64 index[Axes] = {}, offset = 0;

  void seek(i64 flat) {
    offset = 0;
    for (int i = Axes - 1; i > 0; --i) {
      index[i] = flat % extent[i];
      flat /= extent[i];
      offset += index[i] * stride[i];
    }
    index[0] = flat;
    offset += flat * stride[0];
  }
  void next() {
    offset += stride[Axes - 1];
    for (int i = Axes - 1; i > 0; --i) {
      if (++index[i] < extent[i]) return;
      index[i] = 0;
      offset += stride[i - 1] - extent[i] * stride[i];
    }
  }
};

template <int Axes>
inline void fill_offsets(i64* table, i64 points, Walk<Axes> walk, i64 first = 0) {
  walk.seek(first);
  for (i64 i = 0; i < points; ++i, walk.next()) table[i] = walk.offset;
}

// Element i of the copy along a level is element i + low of `extent`, or the pad value; outermost first.
template <int N>
struct Levels {
  i64 extent[N], low[N], wide[N];
};

template <class To, class From>
inline void copy_line(To* to, const From* from, i64 count) {
  if constexpr (same_type<From, To>) {
    constexpr i64 L = lanes_of<To>;
    i64 i = 0;
    for (; i + L <= count; i += L) store(to + i, load(from + i));
    if (i == count) return;
    const Mask rest = first_lanes<To>(static_cast<int>(count - i));
    store_first(to + i, load_first(from + i, rest), rest);
  } else {
    for (i64 i = 0; i < count; ++i) to[i] = to_value<To>(from[i]);
  }
}

// Task `task` of `tasks` copies its part of the lines.
template <class To, class From, int N>
inline void stage_tensor(To* to, const From* from, const Levels<N>& levels, double pad_value, int task, int tasks) {
  const To pad = static_cast<To>(pad_value);
  const i64 wide = levels.wide[N - 1], low = levels.low[N - 1], extent = levels.extent[N - 1];
  i64 lines = 1;
  for (int i = 0; i + 1 < N; ++i) lines *= levels.wide[i];
  const i64 before = least(wide, low < 0 ? -low : 0);
  const i64 after = low + before < extent ? least(wide, extent - low) : before;
  const Range mine = part_of(lines, 1, tasks, task);
  for (i64 line = mine.begin; line < mine.end; ++line) {
    bool inside = true;
    i64 source = 0, rest = line, stride = extent;
    for (int i = N - 2; i >= 0; --i) {
      const i64 index = rest % levels.wide[i] + levels.low[i];
      rest /= levels.wide[i];
      inside = inside && within(index, levels.extent[i]);
      source += index * stride;
      stride *= levels.extent[i];
    }
    To* row = to + line * wide;
    const i64 head = inside ? before : wide, tail = inside ? after : wide;
    for (i64 i = 0; i < head; ++i) row[i] = pad;
    if (tail > head) copy_line(row + head, from + source + low + head, tail - head);
    for (i64 i = tail; i < wide; ++i) row[i] = pad;
  }
}

}  // namespace pt
