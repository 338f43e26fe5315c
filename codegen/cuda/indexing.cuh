// Coordinates: division by run-time extents without dividing, and the order of a grid's tiles.
//
// Extents arrive as 64-bit scalars; a divisor arrives packed by pack_divisor()
// (codegen/cuda/divisor.hpp).
#pragma once

#include "perftune/ptx.cuh"

namespace pt {

// n / d for 0 <= n < 2^31: the product with 2^(31 + log2 d) / d, rounded up, shifted back
// (Granlund and Montgomery, PLDI 1994). Low half of `divisor`: multiplier; high half: shift.
PT_DEVICE i32 quotient(i32 n, i64 divisor) {
  const u64 product = static_cast<u64>(static_cast<u32>(n)) * static_cast<u32>(divisor);
  return static_cast<i32>(product >> static_cast<u32>(divisor >> 32));
}

// One coordinate peeled off a linear one: `rest` becomes rest / d, the remainder is returned.
PT_DEVICE i32 peel(i32& rest, i64 divisor, i64 d) {
  const i32 before = rest;
  rest = quotient(before, divisor);
  return before - rest * static_cast<i32>(d);
}

struct TileCoordinates {
  i32 m, n;
};

// Tile `linear` of tiles_m x tiles_n, in bands of Raster rows that are walked column by column:
// blocks that run together share rows of A and columns of B in L2.
template <int Raster>
PT_DEVICE TileCoordinates raster_tile(u32 linear, i32 tiles_m, i32 tiles_n) {
  const u32 band_tiles = static_cast<u32>(Raster * tiles_n);
  const i32 band = static_cast<i32>(linear / band_tiles);
  const u32 within = linear - static_cast<u32>(band) * band_tiles;
  const i32 first_m = band * Raster;
  const u32 rows = static_cast<u32>(smaller(Raster, tiles_m - first_m));
  return {first_m + static_cast<i32>(within % rows), static_cast<i32>(within / rows)};
}

}  // namespace pt
