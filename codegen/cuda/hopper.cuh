// Vocabulary of sm_90a: clusters, mbarriers, tensor copies (TMA), registers of warpgroups.
//
// Like ptx.cuh, implemented a second time by the emulator. Sections (§) are those of "PTX ISA 9.0".
// Offsets are bytes of the block's shared arena. Further rules that both implementations rely on:
//  - a block initialises its mbarriers, calls fence_mbarrier_init, and syncs before their use;
//  - shared memory that threads wrote reaches TMA or wgmma after fence_async_proxy by the writer (or
//    by a later thread in the chain of syncs); what TMA wrote reaches anyone through its mbarrier;
//  - a block does not end before everyone is done with its shared memory (sync_cluster).
#pragma once

#include "perftune/ptx.cuh"

namespace pt {

static_assert(PT_ARCH == 900, "wgmma, setmaxnreg and this vocabulary exist on sm_90a only");

// What the host encodes of one tensor (cuTensorMapEncodeTiled); a member of Params.
struct alignas(128) TensorMap { u64 words[16]; };

// ---- Clusters (§10 %cluster_ctarank, §9.7.13.5 barrier.cluster) ----

PT_DEVICE u32 cluster_rank() {
  u32 rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}
PT_DEVICE u32 cluster_blocks() {
  u32 blocks;
  asm volatile("mov.u32 %0, %%cluster_nctarank;" : "=r"(blocks));
  return blocks;
}
// All threads of the cluster; orders their memory accesses.
PT_DEVICE void sync_cluster() {
  asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;"
               ::: "memory");
}
// True in one lane of the converged warp (§9.7.13.14 elect.sync).
PT_DEVICE bool elect_lane() {
  u32 chosen;
  asm volatile("{ .reg .pred p; elect.sync _|p, 0xffffffff; selp.u32 %0, 1, 0, p; }" : "=r"(chosen));
  return chosen != 0;
}

// ---- mbarriers (§9.7.13.15): 8 bytes, 8-byte aligned ----

// A phase completes when `arrivals` threads have arrived and all expected bytes have come.
PT_DEVICE void mbarrier_init(u32 offset, u32 arrivals) {
  asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(shared_address(offset)), "r"(arrivals)
               : "memory");
}
// Makes initialised mbarriers known to TMA and, with sync_cluster, to other blocks.
PT_DEVICE void fence_mbarrier_init() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
PT_DEVICE void mbarrier_arrive(u32 offset) {
  asm volatile("mbarrier.arrive.shared.b64 _, [%0];" ::"r"(shared_address(offset)) : "memory");
}
// Arrives, and lets the phase wait for `bytes` more from asynchronous copies.
PT_DEVICE void mbarrier_arrive_expect(u32 offset, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;"
               ::"r"(shared_address(offset)), "r"(bytes) : "memory");
}
// Arrives at the mbarrier with the same offset in block `rank` of the cluster.
PT_DEVICE void mbarrier_arrive_at(u32 offset, u32 rank) {
  asm volatile("{ .reg .b32 remote; mapa.shared::cluster.u32 remote, %0, %1;\n"
               "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote]; }"
               ::"r"(shared_address(offset)), "r"(rank) : "memory");
}
// Until the phase of `parity` is complete: 0 names the first phase, 1 the second (and is complete
// on a fresh mbarrier), and so on in turn.
PT_DEVICE void mbarrier_wait(u32 offset, u32 parity) {
  asm volatile(
      "{ .reg .pred done;\nagain:\n"
      "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [%0], %1;\n"
      "@done bra over;\nbra again;\nover: }"
      ::"r"(shared_address(offset)), "r"(parity) : "memory");
}

// ---- The asynchronous proxy ----

// Orders this thread's earlier shared accesses, and what it has seen of others', before later
// accesses by TMA and wgmma (§9.7.13.4 fence.proxy.async).
PT_DEVICE void fence_async_proxy() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// ---- Tensor copies (§9.7.9.27.1 cp.async.bulk.tensor); one thread issues ----

// The box of `map` at coordinates `at` (innermost first) to `to` (a multiple of 128), its whole size
// counted at `barrier`; elements outside the tensor are zero.
template <int Rank>
PT_DEVICE void tma_load(const TensorMap& map, u32 to, u32 barrier, const i32 (&at)[Rank]) {
  static_assert(2 <= Rank && Rank <= 5, "tiled copies have 2 to 5 dimensions here");
  const u32 d = shared_address(to), b = shared_address(barrier);
  if constexpr (Rank == 2)
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
                 " [%0], [%1, {%3, %4}], [%2];"
                 ::"r"(d), "l"(&map), "r"(b), "r"(at[0]), "r"(at[1]) : "memory");
  else if constexpr (Rank == 3)
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
                 " [%0], [%1, {%3, %4, %5}], [%2];"
                 ::"r"(d), "l"(&map), "r"(b), "r"(at[0]), "r"(at[1]), "r"(at[2]) : "memory");
  else if constexpr (Rank == 4)
    asm volatile("cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
                 " [%0], [%1, {%3, %4, %5, %6}], [%2];"
                 ::"r"(d), "l"(&map), "r"(b), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]) : "memory");
  else
    asm volatile("cp.async.bulk.tensor.5d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
                 " [%0], [%1, {%3, %4, %5, %6, %7}], [%2];"
                 ::"r"(d), "l"(&map), "r"(b), "r"(at[0]), "r"(at[1]), "r"(at[2]), "r"(at[3]),
                 "r"(at[4]) : "memory");
}
// To the same offset of every block whose bit is set in `blocks`, each counted at its own mbarrier.
template <int Rank>
PT_DEVICE void tma_load_multicast(const TensorMap& map, u32 to, u32 barrier,
                                  const i32 (&at)[Rank], u32 blocks) {
  static_assert(Rank == 2 || Rank == 3, "multicast of 2 or 3 dimensions");
  const u32 d = shared_address(to), b = shared_address(barrier);
  const u16 mask = static_cast<u16>(blocks);
  if constexpr (Rank == 2)
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
                 ".multicast::cluster [%0], [%1, {%3, %4}], [%2], %5;"
                 ::"r"(d), "l"(&map), "r"(b), "r"(at[0]), "r"(at[1]), "h"(mask) : "memory");
  else
    asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
                 ".multicast::cluster [%0], [%1, {%3, %4, %5}], [%2], %6;"
                 ::"r"(d), "l"(&map), "r"(b), "r"(at[0]), "r"(at[1]), "r"(at[2]), "h"(mask)
                 : "memory");
}
// The way back: elements outside the tensor are not written.
template <int Rank>
PT_DEVICE void tma_store(const TensorMap& map, u32 from, const i32 (&at)[Rank]) {
  static_assert(Rank == 2 || Rank == 3, "stores of 2 or 3 dimensions");
  const u32 s = shared_address(from);
  if constexpr (Rank == 2)
    asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [%0, {%2, %3}], [%1];"
                 ::"l"(&map), "r"(s), "r"(at[0]), "r"(at[1]) : "memory");
  else
    asm volatile("cp.async.bulk.tensor.3d.global.shared::cta.tile.bulk_group [%0, {%2, %3, %4}], [%1];"
                 ::"l"(&map), "r"(s), "r"(at[0]), "r"(at[1]), "r"(at[2]) : "memory");
}
PT_DEVICE void tma_store_commit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
// Until at most Pending of this thread's groups still read shared memory.
template <int Pending>
PT_DEVICE void tma_store_wait_read() {
  asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(Pending) : "memory");
}
PT_DEVICE void tma_prefetch(const TensorMap& map) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(&map) : "memory");
}

// ---- Registers of a warpgroup (§9.7.20.5 setmaxnreg); by all its warps ----

template <int Registers>
PT_DEVICE void give_registers() {
  static_assert(Registers % 8 == 0 && 24 <= Registers && Registers <= 256, "24 to 256, by 8");
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(Registers));
}
template <int Registers>
PT_DEVICE void take_registers() {
  static_assert(Registers % 8 == 0 && 24 <= Registers && Registers <= 256, "24 to 256, by 8");
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(Registers));
}

}  // namespace pt
