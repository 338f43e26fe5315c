// Which work a block of a persistent grid computes, one unit after the other.
//
// A unit is one split of the output tiles of one cluster. Units are numbered along the raster, splits
// of a tile next to each other; cluster c of `stride` takes units c, c + stride, ...: what runs at the
// same time is a stretch of the raster, as it would be without persistence. Any grid that is a whole
// number of clusters computes the same.
#pragma once

#include "perftune/block_work.cuh"
#include "perftune/hopper.cuh"

namespace pt {

template <class Problem, class Params>
class TileSchedule {
  using Tiles = typename Problem::Tiles;

 public:
  static constexpr int cluster = Tiles::cluster_m * Tiles::cluster_n;

  PT_DEVICE explicit TileSchedule(const Params& params)
      : params_(params), rank_(cluster > 1 ? static_cast<i32>(cluster_rank()) : 0),
        unit_(static_cast<i32>(block_index_x()) / cluster) {}

  PT_DEVICE bool done() const { return unit_ >= static_cast<i32>(params_.units); }
  PT_DEVICE void advance() { unit_ += static_cast<i32>(grid_blocks_x()) / cluster; }

  // Position of this block in its cluster: blocks of one row share rows of A, of one column rows of B.
  PT_DEVICE i32 rank_m() const { return rank_ / Tiles::cluster_n; }
  PT_DEVICE i32 rank_n() const { return rank_ % Tiles::cluster_n; }

  PT_DEVICE BlockWork work() const {
    BlockWork work;
    const i32 tile = unit_ / Tiles::split_k;
    work.tile = tile * cluster + rank_;
    work.batch = 0;
    i32 within = tile;
    if constexpr (Problem::batched) {
      work.batch = quotient(tile, params_.tiles_divisor);
      within -= work.batch * static_cast<i32>(params_.tiles);
    }
    const auto at = raster_tile<Tiles::raster>(static_cast<u32>(within),
                                               static_cast<i32>(params_.tiles_m),
                                               static_cast<i32>(params_.tiles_n));
    work.first_m = (at.m * Tiles::cluster_m + rank_m()) * Tiles::block_m;
    work.first_n = (at.n * Tiles::cluster_n + rank_n()) * Tiles::block_n;
    work.split = unit_ % Tiles::split_k;
    work.first_k = 0;
    work.end_k = static_cast<i32>(params_.k);
    if constexpr (Tiles::split_k > 1) {
      work.first_k = work.split * static_cast<i32>(params_.split_depth);
      work.end_k = smaller(work.end_k, work.first_k + static_cast<i32>(params_.split_depth));
    }
    return work;
  }

 private:
  const Params& params_;
  i32 rank_, unit_;
};

}  // namespace pt
