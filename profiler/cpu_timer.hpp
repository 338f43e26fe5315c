// Times CPU kernels by the wall clock: warm (the CPU default) or with caches flushed before each
// sample.
//
// A sample is long enough for the clock (Policy::sample_us): short kernels repeat within one. A
// cold sample is a single call, since a second one would be warm.
//
// Call order: repeats (warms up), then sample; or screen, which does all. Uses the device's thread
// pool for flushing; one caller, the device's thread. Nothing else may run on the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "db/outcome.hpp"
#include "executor/cpu_device.hpp"
#include "profiler/stopping.hpp"

namespace perftune {

class CpuTimer {
 public:
  CpuTimer(CpuDevice& device, const Policy& policy);

  // Runs the kernel for Policy::warmup_ms; returns how many calls make up one sample.
  int repeats(const PreparedKernel& kernel);

  // Microseconds per call of one sample.
  double sample_us(const PreparedKernel& kernel, int repeats);

  // Warm-up, then samples until the stopping rule has enough.
  StoppingRule screen(const PreparedKernel& kernel);

 private:
  void flush_caches();

  CpuDevice& device_;
  Policy policy_;
  std::vector<std::uint64_t> flush_;  // more than all caches together; empty under a warm policy
};

}  // namespace perftune
