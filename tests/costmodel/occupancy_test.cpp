#include "costmodel/occupancy.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "gpu_samples.hpp"
#include "recipes/hardware_file.hpp"

#if __has_include(<cuda_occupancy.h>)
#include <cuda_occupancy.h>
#define PERFTUNE_HAVE_CUDA_OCCUPANCY 1
#else
#define PERFTUNE_HAVE_CUDA_OCCUPANCY 0
#endif

namespace perftune {
namespace {

TEST(Occupancy, NamesTheResourceThatBinds) {
  const Hardware hw = sample_a100();
  EXPECT_EQ(occupancy(hw, 256, 32, 0).limit, OccupancyLimit::threads);
  EXPECT_EQ(occupancy(hw, 256, 128, 0).limit, OccupancyLimit::registers);
  EXPECT_EQ(occupancy(hw, 128, 64, 80 * 1024).limit, OccupancyLimit::shared_memory);
  EXPECT_EQ(occupancy(hw, 32, 16, 0).limit, OccupancyLimit::blocks);
  EXPECT_EQ(occupancy(hw, 256, 128, 0).blocks, 2);
  EXPECT_DOUBLE_EQ(occupancy(hw, 256, 128, 0).fraction, 0.25);
}

TEST(Occupancy, WhatCannotRunHasNoBlocks) {
  const Hardware hw = sample_a100();
  EXPECT_EQ(occupancy(hw, 128, 64, 170 * 1024).blocks, 0);
  EXPECT_EQ(occupancy(hw, 1024, 128, 0).blocks, 0);
  EXPECT_EQ(occupancy(hw, 1056, 16, 0).blocks, 0);
}

#if PERFTUNE_HAVE_CUDA_OCCUPANCY
cudaOccDeviceProp properties(const Hardware& hw) {
  cudaOccDeviceProp p;
  p.computeMajor = hw.compute_capability / 10;
  p.computeMinor = hw.compute_capability % 10;
  p.maxThreadsPerBlock = hw.sm.max_threads_per_block;
  p.maxThreadsPerMultiprocessor = hw.sm.max_threads;
  p.regsPerBlock = hw.sm.registers_per_block;
  p.regsPerMultiprocessor = hw.sm.registers;
  p.warpSize = 32;
  p.sharedMemPerBlock = static_cast<std::size_t>(hw.sm.shared_bytes_per_block);
  p.sharedMemPerMultiprocessor = static_cast<std::size_t>(hw.sm.shared_bytes);
  p.numSms = hw.sms;
  p.sharedMemPerBlockOptin = static_cast<std::size_t>(hw.sm.shared_bytes_optin);
  p.reservedSharedMemPerBlock = static_cast<std::size_t>(hw.sm.shared_bytes_reserved);
  return p;
}

int nvidia_blocks(const Hardware& hw, int threads, int registers, int shared_bytes) {
  const cudaOccDeviceProp device = properties(hw);
  cudaOccFuncAttributes kernel;
  kernel.maxThreadsPerBlock = hw.sm.max_threads_per_block;
  kernel.numRegs = registers;
  kernel.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
  kernel.maxDynamicSharedSizeBytes = static_cast<std::size_t>(shared_bytes);
  kernel.numBlockBarriers = 1;
  const cudaOccDeviceState state;
  cudaOccResult result{};
  const cudaOccError error = cudaOccMaxActiveBlocksPerMultiprocessor(
      &result, &device, &kernel, &state, threads, static_cast<std::size_t>(shared_bytes));
  EXPECT_EQ(error, CUDA_OCC_SUCCESS) << hw.name;
  return result.activeBlocksPerMultiprocessor;
}

TEST(Occupancy, EqualsNvidiasCalculatorOnRandomResources) {
  for (const Hardware& hw : hardware_catalogue()) {
    std::mt19937 random(20240607);
    std::uniform_int_distribution<int> threads(1, hw.sm.max_threads_per_block);
    std::uniform_int_distribution<int> registers(0, hw.sm.max_registers_per_thread);
    std::uniform_int_distribution<int> shared(0, hw.sm.shared_bytes_optin + 2048);
    int running = 0;
    for (int i = 0; i < 10000; ++i) {
      const int t = threads(random), r = registers(random), s = shared(random);
      const Occupancy ours = occupancy(hw, t, r, s);
      ASSERT_EQ(ours.blocks, nvidia_blocks(hw, t, r, s))
          << hw.name << " threads=" << t << " registers=" << r << " shared=" << s;
      running += ours.blocks > 0;
    }
    EXPECT_GT(running, 1000) << hw.name << ": the draw must exercise kernels that run";
  }
}
#else
TEST(Occupancy, EqualsNvidiasCalculatorOnRandomResources) {
  GTEST_SKIP() << "cuda_occupancy.h is not installed: no oracle to compare with";
}
#endif

}  // namespace
}  // namespace perftune
