// The part of the seam between kernels and the emulator that only sm_90a needs (runtime.hpp).
#pragma once

#include "runtime.hpp"  // beside this one, both embedded and in the repository

namespace perftune::emulation {

// What the emulator puts into a TensorMap of Params. Dimensions are innermost first.
struct EncodedTensor {
  unsigned char* base;
  unsigned rank;
  unsigned element_bytes;
  unsigned swizzle_bytes;  // 0, 32, 64 or 128
  unsigned rounds_to_tf32;  // loads convert f32 (CU_TENSOR_MAP_DATA_TYPE_TFLOAT32)
  unsigned extents[5];
  unsigned box[5];
  unsigned long long strides[5];  // bytes; [0] is element_bytes
};

// One thread's part of a wgmma: 64 x n x 32 bytes of k.
struct WarpgroupMultiply {
  Element a_element, b_element;
  unsigned n;
  bool a_along_m, b_along_n;  // MN-major
  bool accumulate;
  bool integers;
  unsigned long long a, b;      // descriptors
  const unsigned* a_registers;  // four, instead of `a`; or null
  unsigned* sums;               // n / 2
};

struct HopperRuntime {
  void (*cluster_barrier)(void* run);
  bool (*elect)(void* run);

  void (*mbarrier_init)(void* run, unsigned offset, unsigned arrivals);
  // In block `rank` of the cluster.
  void (*mbarrier_arrive)(void* run, unsigned offset, unsigned rank, unsigned expected_bytes);
  void (*mbarrier_wait)(void* run, unsigned offset, unsigned parity);
  void (*proxy_fence)(void* run);  // fence.proxy.async, fence.mbarrier_init

  void (*tensor_load)(void* run, const void* map, unsigned to, unsigned barrier, const int* at,
                      unsigned rank, unsigned blocks);
  void (*tensor_store)(void* run, const void* map, unsigned from, const int* at, unsigned rank);
  void (*store_commit)(void* run);
  void (*store_wait)(void* run, unsigned pending);

  void (*wgmma_fence)(void* run);
  void (*wgmma)(void* run, WarpgroupMultiply& part);
  void (*wgmma_commit)(void* run);
  void (*wgmma_wait)(void* run, unsigned pending);
};

}  // namespace perftune::emulation
