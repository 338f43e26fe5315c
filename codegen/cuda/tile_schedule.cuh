// Which work a block of a persistent grid computes, one unit after the other.
//
// A unit is one split of the output tiles of one cluster. Units are numbered along the raster, splits
// of a tile next to each other; cluster c of `clusters` takes units c, c + clusters, ...: what runs at
// the same time is a stretch of the raster, as it would be without persistence. With stream_k, the
// units of the last wave that is not full and of the one before it are cut evenly instead: each cluster
// takes a stretch of their k steps, and tiles that several share are added from the workspace. Before
// Hopper clusters are single blocks.
// Any grid that is a whole number of clusters computes the same.
#pragma once

#include "perftune/block_work.cuh"

namespace pt {

// With stream_k: part `part` of `parts` of its tile's k. Part p lies in workspace slot slot_of(p): each
// cluster has two, since its stretch may end in one tile and begin in another.
struct ScheduledWork : BlockWork {
  i32 part, parts;
  i32 first_owner;   // cluster of part 0
  bool begins_late;  // its stretch began before this tile
  i32 cluster_blocks, rank;
  PT_DEVICE i64 slot_of(i32 part) const {
    return (static_cast<i64>(first_owner + part) * 2 + (part == 0 && begins_late ? 1 : 0)) *
               cluster_blocks + rank;
  }
};

template <class Problem, class Params>
class TileSchedule {
  using Tiles = typename Problem::Tiles;

 public:
  static constexpr int cluster = Tiles::cluster_m * Tiles::cluster_n;
  static constexpr bool stream = Tiles::stream_k != 0;

  // `rank`: of this block in its cluster.
  PT_DEVICE explicit TileSchedule(const Params& params, i32 rank = 0)
      : params_(params), rank_(rank),
        cluster_(static_cast<i32>(block_index_x()) / cluster),
        clusters_(static_cast<i32>(grid_blocks_x()) / cluster), unit_(cluster_),
        whole_(static_cast<i32>(params.units)) {
    if constexpr (stream) {
      const i32 waves = whole_ / clusters_;
      if (whole_ % clusters_ != 0) whole_ = larger(0, waves - 1) * clusters_;
      at_ = stretch(cluster_);
      end_ = stretch(cluster_ + 1);
    }
  }

  PT_DEVICE bool done() const { return unit_ >= whole_ && !(stream && at_ < end_); }
  PT_DEVICE void advance() {
    if constexpr (stream) {
      if (at_ < end_) {
        at_ = smaller(end_, (tile_of(at_) + 1) * static_cast<i32>(params_.steps));
        return;
      }
    }
    unit_ += clusters_;
  }

  // Position of this block in its cluster: blocks of one row share rows of A, of one column rows of B.
  PT_DEVICE i32 rank_m() const { return rank_ / Tiles::cluster_n; }
  PT_DEVICE i32 rank_n() const { return rank_ % Tiles::cluster_n; }

  PT_DEVICE ScheduledWork work() const {
    ScheduledWork work;
    work.split = unit_ % Tiles::split_k;
    work.first_k = 0;
    work.end_k = static_cast<i32>(params_.k);
    work.parts = 1;
    i32 tile = unit_ / Tiles::split_k;
    if constexpr (Tiles::split_k > 1) {
      work.first_k = work.split * static_cast<i32>(params_.split_depth);
      work.end_k = smaller(work.end_k, work.first_k + static_cast<i32>(params_.split_depth));
    }
    if constexpr (stream) {
      if (at_ < end_) tile = share(work);
    }
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
    return work;
  }

 private:
  // Steps of the shared units, of which cluster c takes stretch(c) up to stretch(c + 1).
  PT_DEVICE i64 shared_steps() const { return (params_.units - whole_) * params_.steps; }
  PT_DEVICE i32 stretch(i32 c) const {
    return static_cast<i32>(shared_steps() * c / clusters_);
  }
  PT_DEVICE i32 owner(i32 step) const {
    return static_cast<i32>(((static_cast<i64>(step) + 1) * clusters_ - 1) / shared_steps());
  }
  PT_DEVICE i32 tile_of(i32 step) const { return quotient(step, params_.steps_divisor); }

  // The part of the tile at at_ that lies in this cluster's stretch; returns the tile.
  PT_DEVICE i32 share(ScheduledWork& work) const {
    const i32 steps = static_cast<i32>(params_.steps);
    const i32 tile = tile_of(at_), begin = tile * steps;
    work.first_k = (at_ - begin) * Tiles::block_k;
    work.end_k = smaller(work.end_k, (smaller(end_, begin + steps) - begin) * Tiles::block_k);
    work.first_owner = owner(begin);
    const i32 last = owner(begin + steps - 1);
    work.parts = last - work.first_owner + 1;
    work.part = cluster_ - work.first_owner;
    work.begins_late = stretch(work.first_owner) != begin;
    work.cluster_blocks = cluster;
    work.rank = rank_;
    return whole_ + tile;
  }

  const Params& params_;
  i32 rank_, cluster_, clusters_;
  i32 unit_, whole_;        // units below `whole_` are taken whole
  i32 at_ = 0, end_ = 0;    // what is left of the stretch
};

}  // namespace pt
