// What becomes of a GPU kernel on a present device, inside a worker process: verify, measure,
// measure again interleaved with others.
//
// Call order: any; each call stands alone. The context is made by the first call and kept. One
// caller. A kernel that hangs is the business of the worker's parent (worker_pool.hpp); after a
// sticky error usable() is false and the worker has to end. Throws Error{unavailable} when there is
// no device or it was lost.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codegen/emitter_registry.hpp"
#include "executor/cuda_device.hpp"
#include "profiler/confirmation.hpp"
#include "profiler/job_codec.hpp"
#include "profiler/trial_case.hpp"

namespace perftune {

class GpuTrials {
 public:
  GpuTrials(const EmitterRegistry& emitters, std::vector<std::string> driver_folders);

  // Checks the results, times by Policy, and looks at the results again. `device` is its number.
  Outcome measure(const Subject& subject, int device, const VerifiedBinary& kernel);

  // As CpuTrials::confirm.
  InterleavedSamples confirm(const Subject& subject, int device,
                             std::span<const VerifiedBinary> kernels,
                             std::optional<Failure>& failure);

  bool usable() const { return !device_ || device_->usable(); }

 private:
  CudaDevice& device_of(const Subject& subject, int number);
  std::optional<PreparedCudaKernel> prepare(const Subject& subject, const VerifiedBinary& kernel,
                                            Failure& failure);

  const EmitterRegistry& emitters_;
  std::vector<std::string> driver_folders_;
  std::unique_ptr<cuda::Driver> driver_;
  std::unique_ptr<CudaDevice> device_;
  int number_ = -1;
  std::unique_ptr<TrialCase> case_;
};

}  // namespace perftune
