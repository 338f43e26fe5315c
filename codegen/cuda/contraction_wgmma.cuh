// Contractions on Hopper's tensor cores: C[b,m,n] = epilogue(sum_k A[b,m,k] * B[b,n,k]).
//
// One warp of the last warpgroup has TMA fill a ring of stages; the others multiply straight from it.
// Each of these holds `groups` products of 64 x N: rows of the wide operand (A, or B with `swap`, where
// m is too small to fill 64 rows), columns of the other. Two mbarriers per stage: `full` counts the
// bytes that come, `empty` the consumer warps that are done with them. Blocks are persistent, so the
// next tile is already coming while the sums of one are stored. Blocks of a cluster load each operand
// once and multicast it; a stage is free only when the readers of every copy have let it go.
//
// `Problem` is printed by contraction_wgmma.cpp.
#pragma once

#include "perftune/partial_sums.cuh"
#include "perftune/scalar.cuh"
#include "perftune/tensor_tile.cuh"
#include "perftune/tile_schedule.cuh"
#include "perftune/warpgroup_epilogue.cuh"

namespace pt {

template <class Problem, class Params>
class ContractionWgmma {
  using Tiles = typename Problem::Tiles;
  using A = typename Problem::A;
  using B = typename Problem::B;
  using Sum = typename Problem::Accumulator;
  using Schedule = TileSchedule<Problem, Params>;
  static constexpr bool swap = Tiles::swap != 0;

  using TileA = TensorTile<A, Tiles::block_m, Tiles::block_k>;
  using TileB = TensorTile<B, Tiles::block_n, Tiles::block_k>;
  // The wide operand gives the instruction's 64 rows, the other its N columns.
  using Wide = select_t<swap, TileB, TileA>;
  using Other = select_t<swap, TileA, TileB>;
  static constexpr int rows = swap ? Tiles::block_n : Tiles::block_m;
  static constexpr int N = swap ? Tiles::block_m : Tiles::block_n;
  static constexpr int groups = Tiles::groups;
  static constexpr int consumers = rows / (64 * groups);  // warpgroups
  static constexpr int consumer_warps = 4 * consumers;
  static constexpr int instructions = Tiles::block_k * TileA::element_bytes / 32;
  using WideOperand = select_t<swap, B, A>;
  using OtherOperand = select_t<swap, A, B>;
  using Product = Wgmma<typename WideOperand::Element, typename OtherOperand::Element, N,
                        !WideOperand::along_k, !OtherOperand::along_k>;
  static_assert(is_same<typename Product::Sum, Sum>, "sums are what the instruction adds");

  // Shared memory: the ring, the epilogue's staging, the mbarriers, a word for split k.
  static constexpr int stage_bytes = TileA::room + TileB::room;
  static constexpr u32 expected_bytes = TileA::bytes + TileB::bytes;
  using Epilogue = select_t<Tiles::tensor_store != 0, TensorStoreEpilogue<Problem, Params, N>,
                            WarpgroupEpilogue<Problem, Params, N>>;
  static constexpr u32 staging = Tiles::stages * stage_bytes;
  static constexpr u32 full = staging + consumer_warps * Epilogue::warp_bytes;
  static constexpr u32 empty = full + 8 * Tiles::stages;
  static constexpr u32 ticket = empty + 8 * Tiles::stages;
  static_assert(ticket + 16 == Tiles::shared_bytes, "the host's count of shared memory");

  static constexpr int sum_count = groups * (N / 2);
  using Sums = PartialSums<Sum, sum_count, consumer_warps * 32, 1, Tiles::split_k>;
  struct Consumers {  // where partial sums meet
    static constexpr u32 ticket = ContractionWgmma::ticket;
    static PT_DEVICE void sync() { sync_barrier<1, consumer_warps * 32>(); }
  };

  // The ring's position: stage and parity of its current round.
  struct Stage {
    u32 index = 0, parity = 0;
    PT_DEVICE u32 tile_a() const { return index * stage_bytes; }
    PT_DEVICE u32 tile_b() const { return index * stage_bytes + TileA::room; }
    PT_DEVICE u32 full_barrier() const { return full + 8 * index; }
    PT_DEVICE u32 empty_barrier() const { return empty + 8 * index; }
    PT_DEVICE void advance() {
      index = index + 1 == Tiles::stages ? 0 : index + 1;
      parity ^= static_cast<u32>(index == 0);
    }
  };

 public:
  static PT_DEVICE void run(const Params& params) {
    const u32 warp = warp_index();
    if (thread_index() == 0) init_barriers();
    if constexpr (Schedule::cluster > 1)
      sync_cluster();
    else
      sync_block();
    if (warp >= consumer_warps) {
      if constexpr (Tiles::consumer_registers > 0) give_registers<Tiles::producer_registers>();
      if (warp == consumer_warps && elect_lane()) produce(params);
    } else {
      if constexpr (Tiles::consumer_registers > 0) take_registers<Tiles::consumer_registers>();
      consume(params, warp);
    }
    if constexpr (Schedule::cluster > 1) {  // others may still write or arrive here
      sync_warp();
      sync_cluster();
    }
  }

 private:
  // Blocks that read a stage's copies: those of this one's row and column of the cluster.
  static constexpr int readers = Tiles::cluster_m + Tiles::cluster_n - 1;

  static PT_DEVICE i32 rank() {
    if constexpr (Schedule::cluster > 1)
      return static_cast<i32>(cluster_rank());
    else
      return 0;
  }

  static PT_DEVICE void init_barriers() {
    PT_NO_UNROLL
    for (int s = 0; s < Tiles::stages; ++s) {
      mbarrier_init(full + 8 * static_cast<u32>(s), 1);
      mbarrier_init(empty + 8 * static_cast<u32>(s), consumer_warps * readers);
    }
    fence_mbarrier_init();
  }

  static PT_DEVICE void produce(const Params& params) {
    tma_prefetch(A::map(params));
    tma_prefetch(B::map(params));
    Schedule schedule(params, rank());
    // Who gets what this block loads of A and of B.
    const u32 row = ((1u << Tiles::cluster_n) - 1) << (schedule.rank_m() * Tiles::cluster_n);
    u32 column = 0;
    PT_UNROLL
    for (int m = 0; m < Tiles::cluster_m; ++m)
      column |= 1u << (m * Tiles::cluster_n + schedule.rank_n());
    Stage stage;
    PT_NO_UNROLL
    for (; !schedule.done(); schedule.advance()) {
      const ScheduledWork work = schedule.work();
      PT_NO_UNROLL
      for (i32 k = work.first_k; k < work.end_k; k += Tiles::block_k) {
        mbarrier_wait(stage.empty_barrier(), stage.parity ^ 1);
        mbarrier_arrive_expect(stage.full_barrier(), expected_bytes);
        TileA::template load<Tiles::cluster_n>(params, work.batch, work.first_m, k,
                                               schedule.rank_n(), stage.tile_a(),
                                               stage.full_barrier(), row);
        TileB::template load<Tiles::cluster_m>(params, work.batch, work.first_n, k,
                                               schedule.rank_m(), stage.tile_b(),
                                               stage.full_barrier(), column);
        stage.advance();
      }
    }
  }

  static PT_DEVICE void release(const Schedule& schedule, const Stage& stage) {
    const i32 lane = static_cast<i32>(lane_index());
    if constexpr (readers == 1) {
      if (lane == 0) mbarrier_arrive(stage.empty_barrier());
    } else {
      // Lane 0 ... cluster_n - 1: this block's row; then the rest of its column.
      const i32 m = lane - Tiles::cluster_n + (lane - Tiles::cluster_n >= schedule.rank_m());
      const i32 to = lane < Tiles::cluster_n ? schedule.rank_m() * Tiles::cluster_n + lane
                                             : m * Tiles::cluster_n + schedule.rank_n();
      if (lane < readers) mbarrier_arrive_at(stage.empty_barrier(), static_cast<u32>(to));
    }
  }

  static PT_DEVICE void consume(const Params& params, u32 warp) {
    Schedule schedule(params, rank());
    const i32 warpgroup_row = static_cast<i32>(warp) / 4 * (64 * groups);
    const i32 warp_row = warpgroup_row + static_cast<i32>(warp) % 4 * 16;
    Stage stage;
    PT_NO_UNROLL
    for (; !schedule.done(); schedule.advance()) {
      const ScheduledWork work = schedule.work();
      Sum sum[groups][N / 2];
      multiply(schedule, work, warpgroup_row, stage, sum);
      if constexpr (Tiles::split_k > 1) {
        if (!Sums::template across_splits<Consumers>(
                reinterpret_cast<Sum(&)[sum_count]>(sum), thread_index(), true, work.split,
                work.tile, params.workspace, params.partials))
          continue;
      }
      if constexpr (Schedule::stream) {
        if (work.parts > 1 &&
            !Sums::template across_parts<Consumers>(
                reinterpret_cast<Sum(&)[sum_count]>(sum), thread_index(), true, work.part,
                work.parts, work.tile, params.workspace, params.partials,
                [&](i32 part) { return work.slot_of(part); }))
          continue;
      }
      const u32 to = staging + warp * Epilogue::warp_bytes;
      PT_UNROLL
      for (int g = 0; g < groups; ++g)
        Epilogue::write(params, work.batch,
                        (swap ? work.first_n : work.first_m) + warp_row + 64 * g,
                        swap ? work.first_m : work.first_n, to, sum[g]);
    }
    Epilogue::finish();
  }

  // A stage is let go when the next one's products have been issued: they run back to back. There is
  // at least one step; a loop that might have none would leave the last tile's sums alive, and ptxas
  // then waits for every product. With `promote`, products of so many steps are added apart.
  static PT_DEVICE void multiply(const Schedule& schedule, const BlockWork& work, i32 first_row,
                                 Stage& stage, Sum (&sum)[groups][N / 2]) {
    if constexpr (Tiles::promote == 0) {
      add_products(schedule, work.first_k, work.end_k, first_row, stage, sum);
    } else {
      PT_UNROLL
      for (int i = 0; i < sum_count; ++i) sum[i / (N / 2)][i % (N / 2)] = Sum(0);
      i32 k = work.first_k;
      PT_NO_UNROLL
      do {
        Sum part[groups][N / 2];
        const i32 end = smaller(work.end_k, k + Tiles::promote * Tiles::block_k);
        add_products(schedule, k, end, first_row, stage, part);
        PT_UNROLL
        for (int i = 0; i < sum_count; ++i)
          sum[i / (N / 2)][i % (N / 2)] += part[i / (N / 2)][i % (N / 2)];
        k = end;
      } while (k < work.end_k);
    }
  }

  // sum = the products of the steps from k up to end_k, of which there is one at least.
  static PT_DEVICE void add_products(const Schedule& schedule, i32 k, i32 end_k, i32 first_row,
                                     Stage& stage, Sum (&sum)[groups][N / 2]) {
    Stage last = stage;
    const i32 first_k = k;
    PT_NO_UNROLL
    do {
      mbarrier_wait(stage.full_barrier(), stage.parity);
      const bool first = k == first_k;
      const u32 wide = swap ? stage.tile_b() : stage.tile_a();
      const u32 other = swap ? stage.tile_a() : stage.tile_b();
      wgmma_fence();
      PT_UNROLL
      for (int i = 0; i < instructions; ++i) {
        PT_UNROLL
        for (int g = 0; g < groups; ++g)
          Product::run(sum[g], Wide::descriptor(wide, first_row + 64 * g, i),
                       Other::descriptor(other, 0, i), !(first && i == 0));
      }
      wgmma_commit();
      wgmma_wait<1>();
      if (!first) release(schedule, last);
      last = stage;
      stage.advance();
      k += Tiles::block_k;
    } while (k < end_k);
    wgmma_wait<0>();
    PT_UNROLL
    for (int g = 0; g < groups; ++g) wgmma_wait<0>(sum[g]);
    release(schedule, last);
  }
};

}  // namespace pt
