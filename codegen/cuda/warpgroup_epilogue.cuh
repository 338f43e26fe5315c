// From a warpgroup's sums to stored elements: through shared memory, so that rows leave in vectors, or
// as boxes that TMA stores.
//
// Each warp holds 16 rows of every 64 x N product. It stages Columns of them at a time in its own part
// of shared memory, reads them back along n of the output, applies the printed epilogue and stores. A
// product is the output's tile, or with `swap` its transpose: then rows of sums run along n.
#pragma once

#include "perftune/contraction_epilogue.cuh"

namespace pt {

// Problem: the printed struct. N: columns of one product.
template <class Problem, class Params, int N>
class WarpgroupEpilogue {
  using C = typename Problem::C;
  using Sum = typename Problem::Accumulator;
  static constexpr bool swap = Problem::Tiles::swap != 0;
  static constexpr int columns = smaller(32, N);
  // Words between staged rows: neither the fragments' pairs nor, transposed, single words of 32 lanes
  // meet a bank twice.
  static constexpr int stride = swap ? 20 : columns + 8;
  static constexpr int staged_rows = swap ? columns : 16;
  static constexpr int staged_columns = swap ? 16 : columns;
  static constexpr int width = C::vector;
  static constexpr int per_row = staged_columns / width;
  static_assert(staged_columns % width == 0, "stores are whole vectors");

 public:
  static constexpr int warp_bytes = staged_rows * stride * static_cast<int>(sizeof(Sum));
  static PT_DEVICE void finish() {}  // nothing is under way

  // A warp's 16 x N sums of one product, whose first row and column are (first_row, first_column) of
  // the output, or of its transpose. `staging`: warp_bytes of this warp alone.
  static PT_DEVICE void write(const Params& params, i32 batch, i32 first_row, i32 first_column,
                              u32 staging, const Sum (&sum)[N / 2]) {
    PT_UNROLL
    for (int at = 0; at < N; at += columns) {
      sync_warp();
      stage(staging, sum, at);
      sync_warp();
      if constexpr (swap)
        store(params, batch, first_column + at, first_row, staging);
      else
        store(params, batch, first_row, first_column + at, staging);
    }
  }

 private:
  static PT_DEVICE void stage(u32 staging, const Sum (&sum)[N / 2], int at) {
    const int lane = static_cast<int>(lane_index());
    const int row = lane / 4, column = lane % 4 * 2;
    PT_UNROLL
    for (int c = 0; c < columns; c += 8) {
      PT_UNROLL
      for (int half = 0; half < 2; ++half) {
        const int s = (at + c) / 2 + 2 * half;
        if constexpr (swap) {
          const u32 to = staging + static_cast<u32>(((c + column) * stride + row + 8 * half) * 4);
          shared_store(to, sum[s]);
          shared_store(to + stride * 4, sum[s + 1]);
        } else {
          const u32 to = staging + static_cast<u32>(((row + 8 * half) * stride + c + column) * 4);
          shared_store(to, Vec<Sum, 2>{sum[s], sum[s + 1]});
        }
      }
    }
  }

  static PT_DEVICE void store(const Params& params, i32 batch, i32 first_m, i32 first_n,
                              u32 staging) {
    using Out = typename C::Element;
    Out* const base = C::data(params) + C::batch(params, batch);
    const int lane = static_cast<int>(lane_index());
    constexpr int vectors = staged_rows * per_row;
    PT_UNROLL
    for (int i = 0; i < ceil_div(vectors, 32); ++i) {
      const int at = i * 32 + lane;
      if (vectors % 32 != 0 && at >= vectors) break;
      const int row = at / per_row, column = at % per_row * width;
      const i32 m = first_m + row, n = first_n + column;
      const bool valid = m < static_cast<i32>(params.m) && n < static_cast<i32>(params.n);
      Vec<Sum, width> values;
      constexpr int part = smaller(width, 4);
      PT_UNROLL
      for (int v = 0; v < width; v += part) {
        const auto some = shared_load<Vec<Sum, part>>(
            staging + static_cast<u32>((row * stride + column + v) * 4));
        PT_UNROLL
        for (int j = 0; j < part; ++j) values[v + j] = some[j];
      }
      const auto out = Problem::template finish<width>(params, batch, m, n, valid, values);
      global_store(reinterpret_cast<Vec<Out, width>*>(base + (C::row(params, m) + C::column(params, n))),
                   out, valid);
    }
  }
};

// The same by TMA: each warp applies the epilogue to pairs of sums where they are, puts 16 rows of one
// swizzle span into one of its two buffers, and has lane 0 store them as a box. Stores overlap with the
// next columns, and the last ones with the next tile's products. Not for transposed tiles.
template <class Problem, class Params, int N>
class TensorStoreEpilogue {
  using C = typename Problem::C;
  using Out = typename C::Element;
  using Sum = typename Problem::Accumulator;
  static constexpr int element_bytes = static_cast<int>(sizeof(Out));
  static constexpr int span = N * element_bytes % 128 == 0  ? 128
                              : N * element_bytes % 64 == 0 ? 64
                              : N * element_bytes % 32 == 0 ? 32
                                                            : 16;
  static constexpr int columns = span / element_bytes;
  static constexpr int buffer_bytes = 16 * span;
  static_assert(N % columns == 0 && columns % 8 == 0, "boxes of whole groups of eight columns");

 public:
  static constexpr int warp_bytes = 2 * buffer_bytes;

  static PT_DEVICE void write(const Params& params, i32 batch, i32 first_row, i32 first_column,
                              u32 staging, const Sum (&sum)[N / 2]) {
    const u32 lane = lane_index();
    PT_UNROLL
    for (int at = 0; at < N; at += columns) {
      const u32 buffer = staging + static_cast<u32>(at / columns % 2 * buffer_bytes);
      // The other buffer may still be read. An odd number of boxes ends with the buffer that the next
      // tile begins with.
      if (lane == 0) tma_store_wait_read<1>();
      if (at == 0 && N / columns % 2 == 1 && lane == 0) tma_store_wait_read<0>();
      sync_warp();
      fill(params, batch, first_row, first_column + at, buffer, sum, at);
      fence_async_proxy();
      sync_warp();
      if (lane == 0) {
        i32 to[C::rank];
        C::locate(params, batch, first_row, first_column + at, to);
        tma_store(C::map(params), buffer, to);
        tma_store_commit();
      }
    }
  }
  // Before the block ends: nothing reads its shared memory any more.
  static PT_DEVICE void finish() {
    if (lane_index() == 0) tma_store_wait_read<0>();
  }

 private:
  // The columns of one product that begin at `at`. TMA permutes 16-byte chunks by the row (PTX ISA 9.0,
  // 5.5.6), rows eight apart alike, and buffers start at whole patterns: from one address, one xor and
  // immediates give all others.
  static PT_DEVICE void fill(const Params& params, i32 batch, i32 first_row, i32 first_column,
                             u32 buffer, const Sum (&sum)[N / 2], int at) {
    const u32 row = lane_index() / 4, pair = lane_index() % 4 * 2;
    const u32 key = (row * span >> 7 & (span / 16 - 1)) << 4;
    const u32 to = (buffer + row * span + pair * element_bytes) ^ key;
    // Rows past the last one read what it reads, and are not stored: both halves' loads of an operand
    // without rows are then one.
    const i32 m = first_row + static_cast<i32>(row), last = static_cast<i32>(params.m) - 1;
    const i32 rows[2] = {smaller(m, last), smaller(m + 8, last)};
    PT_UNROLL
    for (int c = 0; c < columns; c += 8) {
      const i32 n = first_column + static_cast<i32>(pair) + c;
      const bool valid = n < static_cast<i32>(params.n);
      PT_UNROLL
      for (int half = 0; half < 2; ++half) {
        const int s = (at + c) / 2 + 2 * half;
        const auto out = Problem::template finish<2>(params, batch, rows[half], n, valid,
                                                     Vec<Sum, 2>{sum[s], sum[s + 1]});
        shared_store((to ^ static_cast<u32>(c * element_bytes)) + half * 8 * span, out);
      }
    }
  }
};

}  // namespace pt
