// The catalogue's SM limits against NVIDIA's own table, for every architecture that it knows.
#include <gtest/gtest.h>

#include "recipes/hardware_file.hpp"

#if __has_include(<cuda_occupancy.h>)
#include <algorithm>
#include <cstddef>
#include <cstdint>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <cuda_occupancy.h>
#pragma GCC diagnostic pop
#endif

namespace perftune {
namespace {

TEST(OccupancyLimits, AgreeWithCudaOccupancyHeader) {
#if !__has_include(<cuda_occupancy.h>)
  GTEST_SKIP() << "cuda_occupancy.h is not installed";
#else
  for (const Hardware& gpu : hardware_catalogue()) {
    SCOPED_TRACE(gpu.name);
    cudaOccDeviceProp device{};
    device.computeMajor = gpu.compute_capability / 10;
    device.computeMinor = gpu.compute_capability % 10;
    device.maxThreadsPerBlock = gpu.sm.max_threads_per_block;
    device.maxThreadsPerMultiprocessor = gpu.sm.max_threads;
    device.regsPerBlock = gpu.sm.registers_per_block;
    device.regsPerMultiprocessor = gpu.sm.registers;
    device.warpSize = 32;
    device.sharedMemPerBlock = static_cast<std::size_t>(gpu.sm.shared_bytes_per_block);
    device.sharedMemPerMultiprocessor = static_cast<std::size_t>(gpu.sm.shared_bytes);
    device.sharedMemPerBlockOptin = static_cast<std::size_t>(gpu.sm.shared_bytes_optin);
    device.reservedSharedMemPerBlock = static_cast<std::size_t>(gpu.sm.shared_bytes_reserved);
    device.numSms = gpu.sms;

    int value = 0;
    ASSERT_EQ(cudaOccRegAllocationGranularity(&value, &device), CUDA_OCC_SUCCESS);
    EXPECT_EQ(gpu.sm.register_allocation, value);
    ASSERT_EQ(cudaOccRegAllocationMaxPerThread(&value, &device), CUDA_OCC_SUCCESS);
    EXPECT_EQ(gpu.sm.max_registers_per_thread, value - 1);  // R255 is the zero register
    ASSERT_EQ(cudaOccSMemAllocationGranularity(&value, &device), CUDA_OCC_SUCCESS);
    EXPECT_EQ(gpu.sm.shared_allocation, value);
    ASSERT_EQ(cudaOccSubPartitionsPerMultiprocessor(&value, &device), CUDA_OCC_SUCCESS);
    EXPECT_EQ(gpu.sm.sub_partitions, value);
    ASSERT_EQ(cudaOccMaxBlocksPerMultiprocessor(&value, &device), CUDA_OCC_SUCCESS);
    EXPECT_EQ(gpu.sm.max_blocks, value);
    EXPECT_EQ(gpu.sm.max_warps * 32, gpu.sm.max_threads);

    // The largest carveout is what one SM has.
    cudaOccDeviceState state{};
    state.carveoutConfig = SHAREDMEM_CARVEOUT_MAX_SHARED;
    std::size_t largest = 0;
    ASSERT_EQ(cudaOccSMemPerMultiprocessor(&largest, &device, &state), CUDA_OCC_SUCCESS);
    EXPECT_EQ(static_cast<std::size_t>(gpu.sm.shared_bytes), largest);
  }
#endif
}

}  // namespace
}  // namespace perftune
