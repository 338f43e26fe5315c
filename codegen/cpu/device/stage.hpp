// Staging: a plane of a padded tensor copied to scratch with its padding, so that windows over it
// never leave it and edges cost what the inside does.
//
// Lanes that read every second element find them side by side: such a line is staged as its even
// elements, then, half a pitch further, its odd ones.
#pragma once

#include "lanes.hpp"

namespace pt {

struct Plane {
  i64 rows, columns;        // indices that windows touch along the two dimensions
  i64 first, extent;        // rows: index of the first, extent of the dimension
  i64 first_column, column_extent;
  i64 stride;               // between rows of the tensor, in elements
  i64 pitch;                // between staged rows; a multiple of the lanes, twice as many for Step 2
};

// Elements [x, x + lanes) of a line that has `columns`, of which [low, high) exist.
PT_INLINE Vector<float> staged_vector(const float* line, i64 x, i64 low, i64 high, Vector<float> pad) {
  constexpr i64 L = lanes_of<float>;
  if (x >= low && x + L <= high) return load(line + x);
  const int from = static_cast<int>(low <= x ? 0 : low - x < L ? low - x : L);
  const int to = static_cast<int>(high >= x + L ? L : high > x ? high - x : 0);
  if (from >= to) return pad;
  return load_masked(line + x, lanes_between<float>(from, to), pad);
}

PT_INLINE Vector<float> every_other(Vector<float> a, Vector<float> b, bool odd) {
#if defined(__AVX512F__)
  return odd ? __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
             : even_lanes(a, b);
#else
  return odd ? __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
             : even_lanes(a, b);
#endif
}

// `from` is where index (first, first_column) would be.
template <int Step>
inline void stage_plane(const float* from, const Plane& plane, float pad_value, float* to) {
  constexpr i64 L = lanes_of<float>;
  const Vector<float> pad = broadcast<float>(pad_value);
  const i64 low = plane.first_column < 0 ? -plane.first_column : 0;
  const i64 high = least(plane.columns, plane.column_extent - plane.first_column);
  for (i64 y = 0; y < plane.rows; ++y, to += plane.pitch) {
    const float* line = from + y * plane.stride;
    if (!within(plane.first + y, plane.extent)) {
      for (i64 x = 0; x < plane.pitch; x += L) store(to + x, pad);
    } else if constexpr (Step == 1) {
      for (i64 x = 0; x < plane.pitch; x += L) store(to + x, staged_vector(line, x, low, high, pad));
    } else {
      const i64 half = plane.pitch / 2;
      for (i64 x = 0; x < half; x += L) {
        const Vector<float> a = staged_vector(line, 2 * x, low, high, pad);
        const Vector<float> b = staged_vector(line, 2 * x + L, low, high, pad);
        store(to + x, every_other(a, b, false));
        store(to + half + x, every_other(a, b, true));
      }
    }
  }
}

// Where element x of a staged line is.
template <int Step>
PT_INLINE i64 staged_at(i64 x, i64 pitch) {
  if constexpr (Step == 1) return x;
  else return (x & 1) * (pitch / 2) + (x >> 1);
}

}  // namespace pt
