// Contractions on the scalar pipes: C[b,m,n] = epilogue(sum_k A[b,m,k] * B[b,n,k]).
//
// A block computes block_m x block_n of the output in steps of block_k. `stages` tiles of A and B
// are in flight to shared memory; each warp multiplies a warp_m x warp_n part, each lane a
// thread_m x thread_n part of it that it keeps in registers. Warps of different slices work on
// different parts of every step; blocks of different splits on different parts of k. Both kinds of
// partial sums meet in a fixed order, so results repeat bit by bit.
//
// `Problem` is printed by contraction_simt.cpp: Tiles (the tile program), A, B, C (addresses and
// predicates), and finish (the epilogue).
#pragma once

#include "perftune/block_work.cuh"
#include "perftune/contraction_epilogue.cuh"
#include "perftune/partial_sums.cuh"
#include "perftune/scalar.cuh"
#include "perftune/shared_tile.cuh"

namespace pt {

// A lane's rows of one operand: Count rows in runs of Period neighbours, runs Lanes * Period apart,
// so that neighbouring lanes read neighbouring runs.
template <class Operand, class Layout, int Count, int Period, int Lanes, int DepthVector>
struct LaneRows {
  using Element = typename Operand::Element;
  static constexpr int run_step = Lanes * Period;
  static constexpr bool same_permutation = run_step % Layout::period_rows == 0;
  static constexpr int width = smaller(Period, 16 / static_cast<int>(sizeof(Element)));
  static constexpr int bases = !Operand::along_k ? 1 : same_permutation ? Period : Count;

  u32 base[bases];
  Element at[Count][DepthVector];

  static constexpr PT_DEVICE int row(int i) { return i / Period * run_step + i % Period; }

  PT_DEVICE explicit LaneRows(i32 first_row) {
    PT_UNROLL
    for (int i = 0; i < bases; ++i) base[i] = Layout::row_offset(first_row + row(i));
  }

  // Elements k .. k + DepthVector of each row, from the tile at byte `tile` of shared memory.
  PT_DEVICE void load(u32 tile, int k) {
    if constexpr (Operand::along_k) {
      PT_UNROLL
      for (int i = 0; i < Count; ++i) {
        const int b = same_permutation ? i % Period : i;
        const int step = same_permutation ? i / Period * run_step * Layout::row_bytes : 0;
        const u32 from = ((tile + base[b]) ^ static_cast<u32>(k * sizeof(Element))) +
                         static_cast<u32>(step);
        const auto v = shared_load<Vec<Element, DepthVector>>(from);
        PT_UNROLL
        for (int kk = 0; kk < DepthVector; ++kk) at[i][kk] = v[kk];
      }
    } else {
      PT_UNROLL
      for (int kk = 0; kk < DepthVector; ++kk) {
        PT_UNROLL
        for (int i = 0; i < Count; i += width) {
          const auto v =
              shared_load<Vec<Element, width>>(tile + base[0] + Layout::offset(row(i), k + kk));
          PT_UNROLL
          for (int j = 0; j < width; ++j) at[i + j][kk] = v[j];
        }
      }
    }
  }
};

template <class Problem, class Params>
class ContractionSimt {
  using Tiles = typename Problem::Tiles;
  using A = typename Problem::A;
  using B = typename Problem::B;
  using C = typename Problem::C;
  using Accumulator = typename Problem::Accumulator;

  static constexpr int tm = Tiles::thread_m, tn = Tiles::thread_n;
  static constexpr int warps_m = Tiles::block_m / Tiles::warp_m;
  static constexpr int warps_n = Tiles::block_n / Tiles::warp_n;
  static constexpr int slice_threads = warps_m * warps_n * 32;
  static constexpr int threads = slice_threads * Tiles::slice_k;
  static constexpr int lanes_m = Tiles::warp_m / tm, lanes_n = Tiles::warp_n / tn;
  static_assert(lanes_m * lanes_n == 32, "a warp tile is 32 thread tiles");

  using LayoutA = TileLayout<sizeof(typename A::Element), Tiles::block_m, Tiles::block_k,
                             A::along_k, Tiles::period_m>;
  using LayoutB = TileLayout<sizeof(typename B::Element), Tiles::block_n, Tiles::block_k,
                             B::along_k, Tiles::period_n>;
  using LoaderA = TileLoader<A, LayoutA, Tiles::block_m, Tiles::block_k, threads, Params>;
  using LoaderB = TileLoader<B, LayoutB, Tiles::block_n, Tiles::block_k, threads, Params>;
  // Tiles start at multiples of their rows' bytes, so that k can be xor-ed into whole addresses.
  static constexpr int align_b = larger(128, LayoutB::row_bytes);
  static constexpr int first_b =
      ceil_div(Tiles::stages * LayoutA::bytes, align_b) * align_b;
  static constexpr int staging_bytes = first_b + Tiles::stages * LayoutB::bytes;

  // Unrolled: 16 products deep and about 1,000 in all. More makes ptxas hoist loads until the
  // registers are gone, and gains nothing over a loop of a few instructions.
  static constexpr int slice_depth = Tiles::block_k / Tiles::slice_k;
  static constexpr int vectors = slice_depth / Tiles::depth_vector;
  static constexpr int deep = larger(1, (Tiles::dot4 ? 64 : 16) / Tiles::depth_vector);
  static constexpr int affordable =
      smaller(deep, larger(1, 1024 / (tm * tn * Tiles::depth_vector)));
  static constexpr int unrolled = vectors % smaller(vectors, affordable) == 0
                                      ? smaller(vectors, affordable)
                                      : 1;

  using Sums = PartialSums<Accumulator, tm * tn, slice_threads, Tiles::slice_k, Tiles::split_k>;
  static_assert(larger(staging_bytes, Sums::shared_bytes) == Tiles::shared_bytes,
                "the host's count of shared memory");

 public:
  static PT_DEVICE void run(const Params& params) {
    const BlockWork work = BlockWork::of<Problem>(params);
    const u32 thread = thread_index();
    const i32 warp = static_cast<i32>(warp_index());
    const i32 slice = warp / (warps_m * warps_n);
    const i32 lane = static_cast<i32>(lane_index());
    // Bit 0 along n, the next ones along m, the rest along n: any 8 or 16 neighbouring lanes read
    // few distinct vectors of both operands.
    const i32 lane_n = lanes_n == 1 ? 0 : (lane & 1) | (lane >> 1) / lanes_m * 2;
    const i32 lane_m = lanes_n == 1 ? lane : (lane >> 1) % lanes_m;
    const i32 row_m = warp / warps_n % warps_m * Tiles::warp_m + lane_m * Tiles::period_m;
    const i32 row_n = warp % warps_n * Tiles::warp_n + lane_n * Tiles::period_n;

    Accumulator sum[tm * tn];
    PT_UNROLL
    for (int i = 0; i < tm * tn; ++i) sum[i] = Accumulator(0);
    multiply(params, work, thread, slice, row_m, row_n, sum);

    const bool first_slice = Sums::across_slices(sum, thread, slice);
    if constexpr (Tiles::split_k > 1) {
      if (!Sums::across_splits(sum, thread, first_slice, work.split, work.tile, params.workspace,
                               params.partials))
        return;
    }
    if (first_slice) write(params, work.batch, work.first_m + row_m, work.first_n + row_n, sum);
  }

 private:
  static PT_DEVICE void multiply(const Params& params, const BlockWork& work, u32 thread,
                                 i32 slice, i32 row_m, i32 row_n, Accumulator (&sum)[tm * tn]) {
    LoaderA load_a(params, thread, work.batch, work.first_m);
    LoaderB load_b(params, thread, work.batch, work.first_n);
    LaneRows<A, LayoutA, tm, Tiles::period_m, lanes_m, Tiles::depth_vector> a(row_m);
    LaneRows<B, LayoutB, tn, Tiles::period_n, lanes_n, Tiles::depth_vector> b(row_n);

    i32 next_k = work.first_k;
    PT_UNROLL
    for (int s = 0; s < Tiles::stages - 1; ++s) {
      load_a.fetch(s * LayoutA::bytes, next_k, work.end_k);
      load_b.fetch(first_b + s * LayoutB::bytes, next_k, work.end_k);
      cp_async_commit();
      load_a.store(s * LayoutA::bytes);
      load_b.store(first_b + s * LayoutB::bytes);
      next_k += Tiles::block_k;
    }

    int full = 0, free = Tiles::stages - 1;  // slots to read from and to fill
    PT_NO_UNROLL
    for (i32 k = work.first_k; k < work.end_k; k += Tiles::block_k) {
      // This step's tile has landed, and everyone has read the one whose slot is filled next.
      cp_async_wait<Tiles::stages - 2>();
      sync_block();
      const u32 free_a = static_cast<u32>(free * LayoutA::bytes);
      const u32 free_b = static_cast<u32>(first_b + free * LayoutB::bytes);
      load_a.fetch(free_a, next_k, work.end_k);
      load_b.fetch(free_b, next_k, work.end_k);
      cp_async_commit();
      step(static_cast<u32>(full * LayoutA::bytes),
           static_cast<u32>(first_b + full * LayoutB::bytes), slice, a, b, sum);
      load_a.store(free_a);
      load_b.store(free_b);
      next_k += Tiles::block_k;
      full = full + 1 == Tiles::stages ? 0 : full + 1;
      free = free + 1 == Tiles::stages ? 0 : free + 1;
    }
    cp_async_wait<0>();
    sync_block();  // shared memory is free for the partial sums
  }

  template <class RowsA, class RowsB>
  static PT_DEVICE void step(u32 tile_a, u32 tile_b, i32 slice, RowsA& a, RowsB& b,
                             Accumulator (&sum)[tm * tn]) {
    const int first = slice * slice_depth;
    PT_NO_UNROLL
    for (int v = 0; v < vectors; v += unrolled) {
      PT_UNROLL
      for (int u = 0; u < unrolled; ++u) {
        const int k = first + (v + u) * Tiles::depth_vector;
        a.load(tile_a, k);
        b.load(tile_b, k);
        if constexpr (Tiles::dot4)
          multiply_bytes(a, b, sum);
        else
          multiply_elements(a, b, sum);
      }
    }
  }

  template <class RowsA, class RowsB>
  static PT_DEVICE void multiply_elements(const RowsA& a, const RowsB& b,
                                          Accumulator (&sum)[tm * tn]) {
    PT_UNROLL
    for (int kk = 0; kk < Tiles::depth_vector; ++kk) {
      Accumulator wide_b[tn];
      PT_UNROLL
      for (int j = 0; j < tn; ++j) wide_b[j] = widen<Accumulator>(b.at[j][kk]);
      PT_UNROLL
      for (int i = 0; i < tm; ++i) {
        const Accumulator wide_a = widen<Accumulator>(a.at[i][kk]);
        PT_UNROLL
        for (int j = 0; j < tn; ++j) sum[i * tn + j] = fma(wide_a, wide_b[j], sum[i * tn + j]);
      }
    }
  }

  // Four bytes of k per product.
  template <class RowsA, class RowsB>
  static PT_DEVICE void multiply_bytes(const RowsA& a, const RowsB& b, Accumulator (&sum)[tm * tn]) {
    PT_UNROLL
    for (int kk = 0; kk < Tiles::depth_vector; kk += 4) {
      PT_UNROLL
      for (int i = 0; i < tm; ++i) {
        PT_UNROLL
        for (int j = 0; j < tn; ++j)
          sum[i * tn + j] = dot4(four(a.at[i], kk), four(b.at[j], kk), sum[i * tn + j]);
      }
    }
  }
  template <class Element, int N>
  static PT_DEVICE Vec<Element, 4> four(const Element (&from)[N], int at) {
    return {from[at], from[at + 1], from[at + 2], from[at + 3]};
  }

  static PT_DEVICE void write(const Params& params, i32 batch, i32 first_m, i32 first_n,
                              const Accumulator (&sum)[tm * tn]) {
    constexpr int width = C::vector;
    using Out = typename C::Element;
    Out* const base = C::data(params) + C::batch(params, batch);
    PT_UNROLL
    for (int i = 0; i < tm; ++i) {
      const i32 m = first_m + i / Tiles::period_m * (lanes_m * Tiles::period_m) +
                    i % Tiles::period_m;
      PT_UNROLL
      for (int j = 0; j < tn; j += width) {
        const i32 n = first_n + j / Tiles::period_n * (lanes_n * Tiles::period_n) +
                      j % Tiles::period_n;
        const bool valid = m < static_cast<i32>(params.m) && n < static_cast<i32>(params.n);
        Vec<Accumulator, width> values;
        PT_UNROLL
        for (int v = 0; v < width; ++v) values[v] = sum[i * tn + j + v];
        const auto out = Problem::template finish<width>(params, batch, m, n, valid, values);
        global_store(reinterpret_cast<Vec<Out, width>*>(base + (C::row(params, m) +
                                                                C::column(params, n))),
                     out, valid);
      }
    }
  }
};

}  // namespace pt
