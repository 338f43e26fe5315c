// Which part of a contraction a block computes: output tile, batch, and range of k.
#pragma once

#include "perftune/indexing.cuh"

namespace pt {

struct BlockWork {
  i32 tile;               // counted over all batches
  i32 batch;
  i32 first_m, first_n;
  i32 split;              // 0 without split_k
  i32 first_k, end_k;

  // Grid x: output tiles of every batch; y: splits. `Problem` and `Params` as printed.
  template <class Problem, class Params>
  static PT_DEVICE BlockWork of(const Params& params) {
    using Tiles = typename Problem::Tiles;
    BlockWork work;
    work.tile = static_cast<i32>(block_index_x());
    work.batch = 0;
    i32 within = work.tile;
    if constexpr (Problem::batched) {
      work.batch = quotient(work.tile, params.tiles_divisor);
      within -= work.batch * static_cast<i32>(params.tiles);
    }
    const auto at = raster_tile<Tiles::raster>(static_cast<u32>(within),
                                               static_cast<i32>(params.tiles_m),
                                               static_cast<i32>(params.tiles_n));
    work.first_m = at.m * Tiles::block_m;
    work.first_n = at.n * Tiles::block_n;
    work.split = 0;
    work.first_k = 0;
    work.end_k = static_cast<i32>(params.k);
    if constexpr (Tiles::split_k > 1) {
      work.split = static_cast<i32>(block_index_y());
      work.first_k = work.split * static_cast<i32>(params.split_depth);
      work.end_k = smaller(work.end_k, work.first_k + static_cast<i32>(params.split_depth));
    }
    return work;
  }
};

}  // namespace pt
