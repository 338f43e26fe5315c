// The knobs of a `cpu/simd` tile program of the reduction and row families; device/row.hpp is what
// they parametrise.
//
//   lanes      0: vectors along the innermost column axis, one row at a time
//              1: vectors along the innermost row axis, all columns in turn
//   unroll     vectors side by side along the lanes: independent sums
//   tile       lanes 1: rows of the second innermost row axis side by side; reads that do not
//              depend on them (the weights of a depthwise convolution) are shared
//   tasks      pieces of work for the thread pool
//   split      tasks that share rows, each over a part of the outermost column axis (one pass only)
//   keep       1: elements that several passes use wait in a buffer instead of being computed again
//   stream     1: outputs with columns are stored past the caches
//   lane_step  distance in memory of neighbouring lanes of reads that are not contiguous, as a
//              constant (2: pooling with stride 2); 0: known at run time
//   window0..2 extents of the column axes as constants, for lanes along rows: the columns of a small
//              window are laid out one after the other, and reads that depend on the lanes and the
//              window only (depthwise weights, channels last) are packed once per task; 0: run time
//   stage      1 or 2: the plane that a constant window's padded read touches is copied with its
//              padding, once per point of the outer row axes (device/stage.hpp); the distance of
//              neighbouring lanes in it. 0: read where it lies
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "codegen/row.hpp"
#include "codegen/tile_program.hpp"

namespace perftune {

struct CpuRowTiles {
  std::int64_t lanes = 0;
  std::int64_t unroll = 1;
  std::int64_t tile = 1;
  std::int64_t tasks = 1;
  std::int64_t split = 1;
  std::int64_t keep = 0;
  std::int64_t stream = 0;
  std::int64_t lane_step = 0;
  std::int64_t window0 = 0, window1 = 0, window2 = 0;
  std::int64_t stage = 0;

  bool unrolled() const { return window0 != 0; }
  // Points of the window.
  std::int64_t window_points() const;

  auto operator<=>(const CpuRowTiles&) const = default;

  static CpuRowTiles from(const TileProgram& program);  // absent knobs keep their defaults
  TileProgram to_program(const std::string& family) const;  // knobs at their default are left out
};

// The family whose tile programs a form takes: "reduction" or "row".
std::string row_family(const RowForm& form);

}  // namespace perftune
