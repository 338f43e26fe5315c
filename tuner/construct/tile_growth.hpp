// Growing tiles level by level: Roller's EnlargeTile (OSDI'22, algorithm 1) for a contraction.
//
// A tile starts as the smallest aligned one of its level and doubles along the axis that saves
// most traffic per added byte of footprint, as long as the shape of the problem has use for it.
// Every tile on the way is kept: the large ones reuse most, the small ones fill a large machine.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace perftune {

struct TileExtent {
  int m = 1;
  int n = 1;
  bool operator==(const TileExtent&) const = default;
};

struct GrowthLimits {
  std::int64_t extent_m = 1;    // of the problem
  std::int64_t extent_n = 1;
  int align_m = 1;              // smallest step that the level allows
  int align_n = 1;
  double bytes_a = 4;           // per element
  double bytes_b = 4;
  double epsilon = 0.1;         // tolerated padding waste per axis
  std::function<bool(TileExtent)> fits;  // memory, threads and registers of the level
};

// From `start` up; `start` first, the largest last. Empty when `start` itself does not fit.
std::vector<TileExtent> grow(TileExtent start, const GrowthLimits& limits);

// Whether a tile extent is tolerable for an axis: within epsilon of the padding waste that the
// level's smallest step, which cannot be avoided, already has.
bool tolerable(std::int64_t extent, int tile, int align, double epsilon);

}  // namespace perftune
