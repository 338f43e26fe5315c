// Times kernels on a present GPU by CUDA events, cold (the GPU default: L2 flushed by writing twice
// its size before each sample) or warm.
//
// Events bracket launches in the stream, so a time includes what the device needs between two
// launches (about a microsecond; Hardware::launch_us_stream): kernels shorter than that are not
// told apart by it. The record names the clock (Policy::timer "event").
//
// Call order: as CpuTimer. A kernel that fails on any repeat ends the measurement with its Failure.
#pragma once

#include <optional>

#include "db/outcome.hpp"
#include "executor/cuda_device.hpp"
#include "profiler/stopping.hpp"

namespace perftune {

class CudaTimer {
 public:
  // Throws Error{unavailable} when the device has no room for the buffer that flushes its L2.
  CudaTimer(CudaDevice& device, const Policy& policy);
  ~CudaTimer();
  CudaTimer(const CudaTimer&) = delete;
  CudaTimer& operator=(const CudaTimer&) = delete;

  // Runs the kernel for Policy::warmup_ms; how many launches make up one sample, 0 on failure.
  int repeats(PreparedCudaKernel& kernel, std::optional<Failure>& failure);

  // Microseconds per launch of one sample; 0 on failure.
  double sample_us(PreparedCudaKernel& kernel, int repeats, std::optional<Failure>& failure);

  // Warm-up, then samples until the stopping rule has enough or the kernel fails.
  StoppingRule screen(PreparedCudaKernel& kernel, std::optional<Failure>& failure);

 private:
  CudaDevice& device_;
  Policy policy_;
  cuda::Event start_ = nullptr;
  cuda::Event stop_ = nullptr;
  cuda::Pointer flush_ = 0;  // 0 under a warm policy
  std::size_t flush_bytes_ = 0;
};

}  // namespace perftune
