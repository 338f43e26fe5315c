// Contractions on tensor cores by mma.sync: C[b,m,n] = epilogue(sum_k A[b,m,k] * B[b,n,k]).
//
// The plan of contraction_simt.cuh with other inner parts: a warp multiplies warp_m x warp_n in
// fragments of 16 x 8 (fragments.cuh), read one instruction ahead of their use, across tiles too;
// finished sums pass through shared memory, so that rows are stored in vectors. With stream_k blocks are
// persistent and take stretches of k steps (tile_schedule.cuh).
//
// `Problem` is printed by contraction_mma.cpp.
#pragma once

#include "perftune/block_work.cuh"
#include "perftune/contraction_epilogue.cuh"
#include "perftune/fragments.cuh"
#include "perftune/partial_sums.cuh"
#include "perftune/scalar.cuh"
#include "perftune/shared_tile.cuh"
#include "perftune/tile_schedule.cuh"

namespace pt {

template <class Problem, class Params>
class ContractionMma {
  using Tiles = typename Problem::Tiles;
  using A = typename Problem::A;
  using B = typename Problem::B;
  using C = typename Problem::C;
  using Sum = typename Problem::Accumulator;
  using Schedule = TileSchedule<Problem, Params>;

  static constexpr int groups_m = Tiles::warp_m / 16, groups_n = Tiles::warp_n / 16;
  static constexpr int warps_m = Tiles::block_m / Tiles::warp_m;
  static constexpr int warps_n = Tiles::block_n / Tiles::warp_n;
  static constexpr int slice_threads = warps_m * warps_n * 32;
  static constexpr int threads = slice_threads * Tiles::slice_k;
  static constexpr int element_bytes = static_cast<int>(sizeof(typename A::Element));
  static_assert(element_bytes == sizeof(typename B::Element), "operands are equally wide");
  // Instructions along k, of a tile and of one slice of it.
  static constexpr int instructions = Tiles::block_k * element_bytes / 32 / Tiles::slice_k;

  using LayoutA = FragmentLayout<element_bytes, Tiles::block_m, Tiles::block_k, A::along_k>;
  using LayoutB = FragmentLayout<element_bytes, Tiles::block_n, Tiles::block_k, B::along_k>;
  using LoaderA = TileLoader<A, LayoutA, Tiles::block_m, Tiles::block_k, threads, Params>;
  using LoaderB = TileLoader<B, LayoutB, Tiles::block_n, Tiles::block_k, threads, Params>;
  static constexpr int align_b = larger(128, LayoutB::line_bytes);
  static constexpr int first_b = ceil_div(Tiles::stages * LayoutA::bytes, align_b) * align_b;
  static constexpr int staging_bytes = first_b + Tiles::stages * LayoutB::bytes;

  static constexpr int sum_count = groups_m * groups_n * 8;
  using Sums = PartialSums<Sum, sum_count, slice_threads, Tiles::slice_k, Tiles::split_k>;
  using ReaderA = FragmentReader<A, LayoutA, groups_m>;
  using ReaderB = FragmentReader<B, LayoutB, groups_n>;
  // 16 rows of a warp on their way out; the padding keeps the fragments' vectors and the rows' free of
  // bank conflicts.
  static constexpr int padding = ReaderA::paired_rows == ReaderB::paired_rows ? 8
                                 : ReaderA::paired_rows                      ? 4
                                 : Tiles::warp_n % 32 == 0                   ? 16
                                                                             : 0;
  static constexpr int row_stride = Tiles::warp_n + padding;
  static constexpr int warp_rows_bytes = 16 * row_stride * static_cast<int>(sizeof(Sum));
  static constexpr int output_bytes = warps_m * warps_n * warp_rows_bytes;
  static_assert(larger(larger(staging_bytes, Sums::shared_bytes), output_bytes) ==
                    Tiles::shared_bytes,
                "the host's count of shared memory");

 public:
  static PT_DEVICE void run(const Params& params) {
    if constexpr (Schedule::stream) {
      Schedule schedule(params);
      PT_NO_UNROLL
      for (; !schedule.done(); schedule.advance()) {
        compute(params, schedule.work());
        sync_block();  // the next tile's copies come to where sums were staged
      }
    } else {
      compute(params, BlockWork::of<Problem>(params));
    }
  }

 private:
  // One tile, or the part of its k that `work` names; who arrives last at a shared one stores it.
  template <class Work>
  static PT_DEVICE void compute(const Params& params, const Work& work) {
    const u32 thread = thread_index();
    const i32 warp = static_cast<i32>(warp_index());
    const i32 slice = warp / (warps_m * warps_n);
    const i32 row_m = warp / warps_n % warps_m * Tiles::warp_m;
    const i32 row_n = warp % warps_n * Tiles::warp_n;

    Sum sum[sum_count];
    PT_UNROLL
    for (int i = 0; i < sum_count; ++i) sum[i] = Sum(0);
    multiply(params, work, thread, slice, row_m, row_n, sum);

    const bool first_slice = Sums::across_slices(sum, thread, slice);
    if constexpr (Tiles::split_k > 1) {
      if (!Sums::across_splits(sum, thread, first_slice, work.split, work.tile, params.workspace,
                               params.partials))
        return;
    }
    if constexpr (Schedule::stream) {
      if (work.parts > 1 &&
          !Sums::template across_parts<WholeBlock>(
              sum, thread, first_slice, work.part, work.parts, work.tile, params.workspace,
              params.partials, [&](i32 part) { return work.slot_of(part); }))
        return;
    }
    if constexpr (Tiles::slice_k > 1 || Tiles::split_k > 1 || Schedule::stream) sync_block();
    if (first_slice)
      write(params, work.batch, work.first_m + row_m, work.first_n + row_n,
            static_cast<u32>(warp % (warps_m * warps_n) * warp_rows_bytes), sum);
  }

  struct Fragments {
    u32 a[groups_m][4];
    u32 b[groups_n][4];
  };

  static PT_DEVICE void multiply(const Params& params, const BlockWork& work, u32 thread,
                                 i32 slice, i32 row_m, i32 row_n, Sum (&sum)[sum_count]) {
    LoaderA load_a(params, thread, work.batch, work.first_m);
    LoaderB load_b(params, thread, work.batch, work.first_n);
    const ReaderA read_a(row_m);
    const ReaderB read_b(row_n);

    i32 next_k = work.first_k;
    PT_UNROLL
    for (int s = 0; s < Tiles::stages - 1; ++s) {
      load_a.fetch(static_cast<u32>(s * LayoutA::bytes), next_k, work.end_k);
      load_b.fetch(static_cast<u32>(first_b + s * LayoutB::bytes), next_k, work.end_k);
      cp_async_commit();
      load_a.store(static_cast<u32>(s * LayoutA::bytes));
      load_b.store(static_cast<u32>(first_b + s * LayoutB::bytes));
      next_k += Tiles::block_k;
    }
    cp_async_wait<Tiles::stages - 2>();
    sync_block();

    const int first = slice * instructions;
    int full = 0, free = Tiles::stages - 1;  // slots to read from and to fill
    Fragments fragments[2];
    read_a.read(0, first, fragments[0].a);
    read_b.read(first_b, first, fragments[0].b);
    PT_NO_UNROLL
    for (i32 k = work.first_k; k < work.end_k; k += Tiles::block_k) {
      PT_UNROLL
      for (int i = 0; i < instructions; ++i) {
        // The free slot's tile was read by everyone before the last sync_block.
        if (i == 0) {
          load_a.fetch(static_cast<u32>(free * LayoutA::bytes), next_k, work.end_k);
          load_b.fetch(static_cast<u32>(first_b + free * LayoutB::bytes), next_k, work.end_k);
          cp_async_commit();
          next_k += Tiles::block_k;
        }
        if (i == instructions - 1) {
          load_a.store(static_cast<u32>(free * LayoutA::bytes));
          load_b.store(static_cast<u32>(first_b + free * LayoutB::bytes));
          free = free + 1 == Tiles::stages ? 0 : free + 1;
          full = full + 1 == Tiles::stages ? 0 : full + 1;
          cp_async_wait<Tiles::stages - 2>();
          sync_block();
        }
        const int ahead = i + 1 == instructions ? first : first + i + 1;
        Fragments& next = fragments[(i + 1) % 2];
        read_a.read(static_cast<u32>(full * LayoutA::bytes), ahead, next.a);
        read_b.read(static_cast<u32>(first_b + full * LayoutB::bytes), ahead, next.b);
        multiply_all(fragments[i % 2], sum);
      }
      if constexpr (instructions % 2 == 1) fragments[0] = fragments[1];
    }
    cp_async_wait<0>();
    sync_block();  // shared memory is free for the sums
  }

  static PT_DEVICE void multiply_all(const Fragments& f, Sum (&sum)[sum_count]) {
    PT_UNROLL
    for (int m = 0; m < groups_m; ++m) {
      PT_UNROLL
      for (int n = 0; n < 2 * groups_n; ++n) {
        const int s = (m * 2 * groups_n + n) * 4;
        Sum part[4] = {sum[s], sum[s + 1], sum[s + 2], sum[s + 3]};
        const auto& b = f.b[n / 2];
        multiply_fragments<typename A::Element, typename B::Element>(part, f.a[m], b[n % 2],
                                                                     b[2 + n % 2]);
        PT_UNROLL
        for (int i = 0; i < 4; ++i) sum[s + i] = part[i];
      }
    }
  }

  // 16 rows of sums to shared memory: fragment rows g and g + 8, columns 2t and 2t + 1 of each eight, or,
  // where the operand's rows are paired, rows 2g and 2g + 1, columns 4t to 4t + 3 of each sixteen.
  static PT_DEVICE void stage(u32 rows_at, int lane, const Sum* sum) {
    constexpr int row_step = ReaderA::paired_rows ? 1 : 8;
    const int row = lane / 4 * (ReaderA::paired_rows ? 2 : 1);
    PT_UNROLL
    for (int n = 0; n < 2 * groups_n; ++n) {
      PT_UNROLL
      for (int half = 0; half < 2; ++half) {
        const Sum* const s = sum + n * 4 + half * 2;
        const int column = ReaderB::paired_rows ? n * 8 + lane % 4 * 4 : n * 8 + lane % 4 * 2;
        const u32 to = rows_at + static_cast<u32>(((row + half * row_step) * row_stride + column) * 4);
        if constexpr (!ReaderB::paired_rows)
          shared_store(to, Vec<Sum, 2>{s[0], s[1]});
        else if (n % 2 == 0)
          shared_store(to, Vec<Sum, 4>{s[0], s[4], s[1], s[5]});
      }
    }
  }

  // 16 rows at a time, through the warp's own part of shared memory.
  static PT_DEVICE void write(const Params& params, i32 batch, i32 first_m, i32 first_n,
                              u32 rows_at, const Sum (&sum)[sum_count]) {
    constexpr int width = C::vector;
    constexpr int per_row = Tiles::warp_n / width;
    using Out = typename C::Element;
    Out* const base = C::data(params) + C::batch(params, batch);
    const int lane = static_cast<int>(lane_index());
    PT_UNROLL
    for (int m = 0; m < groups_m; ++m) {
      sync_warp();
      stage(rows_at, lane, &sum[m * 8 * groups_n]);
      sync_warp();
      PT_UNROLL
      for (int i = 0; i < ceil_div(16 * per_row, 32); ++i) {
        const int at = i * 32 + lane;
        const int row = at / per_row, column = at % per_row * width;
        const i32 c_m = first_m + m * 16 + row, c_n = first_n + column;
        const bool valid = at < 16 * per_row && c_m < static_cast<i32>(params.m) &&
                           c_n < static_cast<i32>(params.n);
        if (at < 16 * per_row) {
          Vec<Sum, width> values;
          constexpr int part = smaller(width, 4);
          PT_UNROLL
          for (int v = 0; v < width; v += part) {
            const auto some = shared_load<Vec<Sum, part>>(
                rows_at + static_cast<u32>((row * row_stride + column + v) * 4));
            PT_UNROLL
            for (int j = 0; j < part; ++j) values[v + j] = some[j];
          }
          const auto out = Problem::template finish<width>(params, batch, c_m, c_n, valid, values);
          global_store(reinterpret_cast<Vec<Out, width>*>(
                           base + (C::row(params, c_m) + C::column(params, c_n))),
                       out, valid);
        }
      }
    }
  }
};

}  // namespace pt
