// The emulator's "perftune/hopper.cuh".
#pragma once

#include "perftune/hopper_runtime.hpp"
#include "perftune/ptx.cuh"

namespace pt {

static_assert(PT_ARCH == 900, "wgmma, setmaxnreg and this vocabulary exist on sm_90a only");

struct alignas(128) TensorMap {
  u64 words[16];
};
static_assert(sizeof(emulation::EncodedTensor) <= sizeof(TensorMap));

PT_DEVICE const emulation::HopperRuntime& hopper() { return *emulation::machine().hopper; }

PT_DEVICE u32 cluster_rank() { return emulation::me().cluster_rank; }
PT_DEVICE u32 cluster_blocks() { return emulation::me().cluster_blocks; }
PT_DEVICE void sync_cluster() { hopper().cluster_barrier(emulation::attachment.run); }
PT_DEVICE bool elect_lane() { return hopper().elect(emulation::attachment.run); }

PT_DEVICE void mbarrier_init(u32 offset, u32 arrivals) {
  hopper().mbarrier_init(emulation::attachment.run, offset, arrivals);
}
PT_DEVICE void fence_mbarrier_init() { hopper().proxy_fence(emulation::attachment.run); }
PT_DEVICE void mbarrier_arrive(u32 offset) {
  hopper().mbarrier_arrive(emulation::attachment.run, offset, cluster_rank(), 0);
}
PT_DEVICE void mbarrier_arrive_expect(u32 offset, u32 bytes) {
  hopper().mbarrier_arrive(emulation::attachment.run, offset, cluster_rank(), bytes);
}
PT_DEVICE void mbarrier_arrive_at(u32 offset, u32 rank) {
  hopper().mbarrier_arrive(emulation::attachment.run, offset, rank, 0);
}
PT_DEVICE void mbarrier_wait(u32 offset, u32 parity) {
  hopper().mbarrier_wait(emulation::attachment.run, offset, parity);
}
PT_DEVICE void fence_async_proxy() { hopper().proxy_fence(emulation::attachment.run); }

template <int Rank>
PT_DEVICE void tma_load(const TensorMap& map, u32 to, u32 barrier, const i32 (&at)[Rank]) {
  static_assert(2 <= Rank && Rank <= 5, "tiled copies have 2 to 5 dimensions here");
  hopper().tensor_load(emulation::attachment.run, &map, to, barrier, at, Rank,
                       1u << cluster_rank());
}
template <int Rank>
PT_DEVICE void tma_load_multicast(const TensorMap& map, u32 to, u32 barrier, const i32 (&at)[Rank],
                                  u32 blocks) {
  static_assert(Rank == 2 || Rank == 3, "multicast of 2 or 3 dimensions");
  hopper().tensor_load(emulation::attachment.run, &map, to, barrier, at, Rank, blocks);
}
template <int Rank>
PT_DEVICE void tma_store(const TensorMap& map, u32 from, const i32 (&at)[Rank]) {
  static_assert(Rank == 2 || Rank == 3, "stores of 2 or 3 dimensions");
  hopper().tensor_store(emulation::attachment.run, &map, from, at, Rank);
}
PT_DEVICE void tma_store_commit() { hopper().store_commit(emulation::attachment.run); }
template <int Pending>
PT_DEVICE void tma_store_wait_read() {
  hopper().store_wait(emulation::attachment.run, Pending);
}
PT_DEVICE void tma_prefetch(const TensorMap&) {}

// By all warps of a warpgroup together; the emulator has registers enough.
template <int Registers>
PT_DEVICE void give_registers() {
  static_assert(Registers % 8 == 0 && 24 <= Registers && Registers <= 256, "24 to 256, by 8");
}
template <int Registers>
PT_DEVICE void take_registers() {
  static_assert(Registers % 8 == 0 && 24 <= Registers && Registers <= 256, "24 to 256, by 8");
}

}  // namespace pt
