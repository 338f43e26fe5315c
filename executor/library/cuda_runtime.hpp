// A CUDA device as the library's Runtime: launches go into the caller's stream and return at once.
//
// Works in the device's primary context, as the CUDA runtime and PyTorch do, and makes it current in
// each calling thread. Workspaces that the caller does not give are kept per stream, where the order of
// launches is what keeps two kernels from one workspace. Sequences become graphs, captured once, where
// the driver has them (CUDA 11.4); else their launches one after the other.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "executor/gpu_detect.hpp"
#include "executor/library/bound_kernel.hpp"

namespace perftune {

struct CudaRuntime {
  std::shared_ptr<Runtime> runtime;
  PresentGpu gpu;
};

// Throws Error{unavailable} without a driver or such a device.
CudaRuntime make_cuda_runtime(std::span<const std::string> driver_folders, int ordinal);

}  // namespace perftune
