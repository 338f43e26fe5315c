// One operand's tile in shared memory: where elements lie, and how they get there.
//
// An operand keeps the direction in which it is contiguous in global memory, so that every
// global read is a vector and, from sm_80 on, a cp.async:
//   along k:   [rows][block_k], 16-byte chunks permuted so that lanes which read the same k of
//              neighbouring rows, and lanes which write neighbouring chunks, meet no bank twice
//   along rows: [block_k][rows], which is conflict-free as it is
// "Rows" are m of A and n of B. The emitter prints the operand (contraction_simt.cpp); tests count
// the conflicts of both layouts from these very formulas (tests/cuda/bank_conflict_test.cpp).
#pragma once

#include "perftune/ptx.cuh"

namespace pt {

// Byte offsets of a tile. Period: neighbouring rows that one lane reads; lanes are Period apart.
template <int ElementBytes, int Rows, int Depth, bool AlongK, int Period>
struct TileLayout {
  static constexpr int row_bytes = Depth * ElementBytes;
  static constexpr int bytes = ceil_div(Rows * row_bytes, 128) * 128;
  static constexpr int chunks = row_bytes / 16;          // per row, a power of two
  static constexpr int stride = chunks * Period;         // chunks between neighbouring lanes' rows
  static constexpr int line = stride < 8 ? 8 : stride;   // the key is constant over these
  static constexpr int keys = stride < 8 ? stride : 8;
  static_assert(!AlongK || (row_bytes % 16 == 0 && (chunks & (chunks - 1)) == 0 &&
                            (Period & (Period - 1)) == 0),
                "rows of the along-k layout are a power of two of 16-byte chunks");

  // Of element (row, k); a vector that starts there is contiguous up to 16 bytes. Along k,
  // neither k nor a step of period_rows changes the permutation.
  static constexpr int period_rows = AlongK ? larger(1, line * keys / chunks) : 1;
  static constexpr PT_DEVICE u32 row_offset(int row) {
    if constexpr (AlongK) {
      const u32 chunk = static_cast<u32>(row * chunks);
      return (chunk ^ ((chunk / line) & (keys - 1))) * 16;
    } else {
      return static_cast<u32>(row * ElementBytes);
    }
  }
  static constexpr PT_DEVICE u32 offset(int row, int k) {
    if constexpr (AlongK)
      return row_offset(row) ^ static_cast<u32>(k * ElementBytes);
    else
      return row_offset(row) + static_cast<u32>(k * Rows * ElementBytes);
  }
};

// The part of one tile that a thread brings to shared memory, for every step of k.
//
// Operand: the source's printed struct. Per step: fetch (asynchronous operands: starts the copies;
// others: loads to registers), later store (others only: registers to shared memory).
template <class Operand, class Layout, int Rows, int Depth, int Threads, class Params>
class TileLoader {
  using Element = typename Operand::Element;
  using Index = typename Operand::Index;
  static constexpr int vector = Operand::vector;
  using Vector = Vec<Element, vector>;

  static constexpr int per_line = (Operand::along_k ? Depth : Rows) / vector;
  static constexpr int vectors = Rows * Depth / vector;
  static constexpr int per_thread = ceil_div(vectors, Threads);
  static constexpr bool whole = vectors % Threads == 0;
  // Lines advance by a whole number per pass, so all of a thread's vectors lie in one column.
  static constexpr bool one_column = Threads % per_line == 0;
  static constexpr int distinct_rows = !Operand::along_k && one_column ? 1 : per_thread;
  static constexpr int distinct_depths = Operand::along_k && one_column ? 1 : per_thread;

 public:
  static constexpr bool asynchronous = has_cp_async && sizeof(Vector) >= 4 && Operand::pads_zero;

  PT_DEVICE TileLoader(const Params& params, u32 thread, i32 batch, i32 first_row)
      : params_(params), thread_(static_cast<i32>(thread)),
        base_(Operand::data(params) + Operand::batch(params, batch)) {
    PT_UNROLL
    for (int i = 0; i < distinct_rows; ++i) {
      const i32 row = first_row + row_of(i);
      row_offset_[i] = Operand::row(params, row);
      row_valid_ |= static_cast<u32>(row < Operand::rows(params)) << i;
      row_window_[i] = Operand::row_window(params, batch, row);
    }
  }

  // Of elements first_k .. first_k + Depth, those before end_k; zeros beyond.
  PT_DEVICE void fetch(u32 shared, i32 first_k, i32 end_k) {
    Index depth_offset[distinct_depths];
    typename Operand::Window depth_window[distinct_depths];
    u32 depth_valid = 0;
    PT_UNROLL
    for (int i = 0; i < distinct_depths; ++i) {
      const i32 k = first_k + depth_of(i);
      depth_valid |= static_cast<u32>(k < end_k) << i;
      depth_offset[i] = Operand::depth(params_, k);
      depth_window[i] = Operand::depth_window(params_, k);
    }
    PT_UNROLL
    for (int i = 0; i < per_thread; ++i) {
      if (!whole && i == per_thread - 1 && thread_ + i * Threads >= vectors) break;
      const int r = distinct_rows == 1 ? 0 : i;
      const int d = distinct_depths == 1 ? 0 : i;
      const bool exists = (row_valid_ >> r & 1u) != 0 && (depth_valid >> d & 1u) != 0;
      const bool valid = exists && Operand::inside(params_, row_window_[r], depth_window[d]);
      const Element* from = base_ + (row_offset_[r] + depth_offset[d]);
      if constexpr (asynchronous) {
        cp_async<sizeof(Vector)>(shared + Layout::offset(row_of(i), depth_of(i)), from, valid);
      } else {
        held_[i] = global_load(reinterpret_cast<const Vector*>(from), valid);
        if constexpr (!Operand::pads_zero) {
          if (exists && !valid) held_[i] = Operand::padding();
        }
      }
    }
  }

  PT_DEVICE void store(u32 shared) {
    if constexpr (!asynchronous) {
      PT_UNROLL
      for (int i = 0; i < per_thread; ++i) {
        if (!whole && i == per_thread - 1 && thread_ + i * Threads >= vectors) break;
        shared_store(shared + Layout::offset(row_of(i), depth_of(i)), held_[i]);
      }
    }
  }

 private:
  // Position in the tile of the thread's vector i.
  PT_DEVICE i32 row_of(int i) const {
    const i32 line = one_column ? thread_ / per_line + i * (Threads / per_line)
                                : (thread_ + i * Threads) / per_line;
    const i32 column = one_column ? thread_ % per_line : (thread_ + i * Threads) % per_line;
    return Operand::along_k ? line : column * vector;
  }
  PT_DEVICE i32 depth_of(int i) const {
    const i32 line = one_column ? thread_ / per_line + i * (Threads / per_line)
                                : (thread_ + i * Threads) / per_line;
    const i32 column = one_column ? thread_ % per_line : (thread_ + i * Threads) % per_line;
    return Operand::along_k ? column * vector : line;
  }

  const Params& params_;
  i32 thread_;
  const Element* base_;
  u32 row_valid_ = 0;
  Index row_offset_[distinct_rows];
  typename Operand::Window row_window_[distinct_rows];
  Vector held_[asynchronous ? 1 : per_thread];
  static_assert(per_thread <= 32, "validity of a thread's vectors is one bit each");
};

}  // namespace pt
