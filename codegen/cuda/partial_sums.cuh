// Adding up what several warps or blocks computed of the same outputs, always in the same order.
//
// Each thread holds `Count` sums. Slices are groups of `Threads` threads of one block; splits are
// blocks (grid y) that share an output tile. Splits leave their sums in a workspace and count
// themselves in; the last to arrive adds all of them, in split order whatever the order of
// arrival, and sets the counter back to zero for the next launch.
#pragma once

#include "perftune/ptx.cuh"

namespace pt {

// Where the holders of a tile's sums meet: the whole block, and a word of shared memory for thread 0's
// ticket. Blocks whose other warps are busy elsewhere pass a type of their own.
struct WholeBlock {
  static constexpr u32 ticket = 0;
  static PT_DEVICE void sync() { sync_block(); }
};

template <class T, int Count, int Threads, int Slices, int Splits>
struct PartialSums {
  // As wide as 16 bytes and Count allow. A thread's vectors lie Threads apart: coalesced in
  // global memory, conflict-free in shared memory.
  static constexpr int width = Count % (16 / sizeof(T)) == 0 ? 16 / sizeof(T)
                               : Count % 2 == 0              ? 2
                                                             : 1;
  using Vector = Vec<T, width>;
  static constexpr int vectors = Count / width;
  static constexpr int tile_bytes = Count * Threads * static_cast<int>(sizeof(T));
  // Half of the slices write while the other half waits; the splits' ticket takes 16 bytes.
  static constexpr int shared_bytes = larger(Slices / 2 * tile_bytes, Splits > 1 ? 16 : 0);
  static_assert((Slices & (Slices - 1)) == 0, "slices are halved in each round");

  // Afterwards slice 0 holds the sums; true for its threads. Shared memory is free on entry, and
  // free again for whoever passes the next sync_block.
  static PT_DEVICE bool across_slices(T (&sum)[Count], u32 thread, i32 slice) {
    const u32 lane = thread % Threads;
    PT_UNROLL
    for (int half = Slices / 2; half >= 1; half /= 2) {
      if (slice >= half && slice < 2 * half) {
        const u32 to = static_cast<u32>((slice - half) * tile_bytes);
        PT_UNROLL
        for (int v = 0; v < vectors; ++v)
          shared_store(to + (v * Threads + lane) * sizeof(Vector), gather(sum, v));
      }
      sync_block();
      if (slice < half) {
        const u32 from = static_cast<u32>(slice * tile_bytes);
        PT_UNROLL
        for (int v = 0; v < vectors; ++v)
          add(sum, v, shared_load<Vector>(from + (v * Threads + lane) * sizeof(Vector)));
      }
      if (half > 1) sync_block();
    }
    return Slices == 1 || slice == 0;
  }

  // Called by all who Meet, of whom `holders` hold sums. True in the block that arrives last:
  // its holders then have the total. `workspace`: one zeroed u32 per tile; `partials`: byte offset
  // of the sums in it, 16-byte aligned.
  template <class Meet = WholeBlock>
  static PT_DEVICE bool across_splits(T (&sum)[Count], u32 thread, bool holders, i32 split,
                                      i32 tile, u8* workspace, i64 partials) {
    return across_parts<Meet>(sum, thread, holders, split, Splits, tile, workspace, partials,
                              [&](i32 s) { return static_cast<i64>(tile) * Splits + s; });
  }

  // The same for part `part` of `parts`, where `slot_of` says which slot of the workspace a part has.
  template <class Meet, class Slots>
  static PT_DEVICE bool across_parts(T (&sum)[Count], u32 thread, bool holders, i32 part, i32 parts,
                                     i32 tile, u8* workspace, i64 partials, const Slots& slot_of) {
    u8* const sums = workspace + partials;
    const u32 lane = thread % Threads;
    if (holders) {
      PT_UNROLL
      for (int v = 0; v < vectors; ++v)
        global_store(slot(sums, slot_of(part), v, lane), gather(sum, v));
    }
    Meet::sync();
    u32* const counter = reinterpret_cast<u32*>(workspace) + tile;
    if (thread == 0) {
      fence_device();
      shared_store(Meet::ticket, atomic_add_acq_rel(counter, 1u));
    }
    Meet::sync();
    if (shared_load<u32>(Meet::ticket) != static_cast<u32>(parts - 1)) return false;
    if (thread == 0) global_store(counter, 0u);
    if (holders) {
      fence_device();
      PT_UNROLL
      for (int e = 0; e < Count; ++e) sum[e] = T(0);
      PT_NO_UNROLL
      for (i32 s = 0; s < parts; ++s) {
        PT_UNROLL
        for (int v = 0; v < vectors; ++v)
          add(sum, v, global_load_coherent(slot(sums, slot_of(s), v, lane)));
      }
    }
    return true;
  }

 private:
  static PT_DEVICE Vector* slot(u8* sums, i64 index, int v, u32 lane) {
    return reinterpret_cast<Vector*>(sums + index * tile_bytes) +
           (v * Threads + lane);
  }
  static PT_DEVICE Vector gather(const T (&sum)[Count], int v) {
    Vector out;
    PT_UNROLL
    for (int i = 0; i < width; ++i) out[i] = sum[v * width + i];
    return out;
  }
  static PT_DEVICE void add(T (&sum)[Count], int v, const Vector& more) {
    PT_UNROLL
    for (int i = 0; i < width; ++i) sum[v * width + i] += more[i];
  }
};

}  // namespace pt
