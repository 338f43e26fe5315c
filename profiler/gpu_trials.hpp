// What becomes of a GPU kernel on a present device, inside a worker process: verify, measure,
// measure again interleaved with others.
//
// A kernel timed while the device held its clocks down (NVML's reasons: power, heat) is timed again a
// bounded number of times; when it stays so, the time is kept and labelled.
//
// Call order: any; each call stands alone. The context is made by the first call and kept. One
// caller. A kernel that hangs is the business of the worker's parent (worker_pool.hpp); after a
// sticky error usable() is false and the worker has to end. Throws Error{unavailable} when there is
// no device or it was lost.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codegen/emitter_registry.hpp"
#include "executor/activity_clock.hpp"
#include "executor/cuda_device.hpp"
#include "executor/gpu_vendor.hpp"
#include "executor/nvml.hpp"
#include "executor/range_counters.hpp"
#include "profiler/confirmation.hpp"
#include "profiler/cuda_timer.hpp"
#include "profiler/job_codec.hpp"
#include "profiler/trial_case.hpp"

namespace perftune {

// Where the libraries of the driver (libcuda, NVML) and of the toolkit (CUPTI) are looked for.
struct GpuLibraries {
  std::vector<std::string> driver_folders;  // first; then the loader's path
  LibrarySearch toolkit;
};

// What a process finds out about a device before it measures.
struct ProbedGpu {
  std::string driver;   // "580.82.07", else CUDA's version of it
  std::string uuid;
  std::string clock;    // of record: "cupti", or "event" and why_not_cupti
  std::string why_not_cupti;
  std::string why_not_nvml;  // empty: clocks, temperature and power are recorded
};

class GpuTrials {
 public:
  GpuTrials(const EmitterRegistry& emitters, GpuLibraries libraries);

  ProbedGpu probe(int device);

  // `seconds_per_value` 0: as the calibration's own default.
  std::map<std::string, Hardware::Measured> calibrate(const Hardware& hardware, int device, double seconds_per_value,
                                                      const std::string& date);

  // Checks the results, times by Policy, and looks at the results again. `device` is its number.
  Outcome measure(const Subject& subject, int device, const VerifiedBinary& kernel);

  // As CpuTrials::confirm.
  InterleavedSamples confirm(const Subject& subject, int device,
                             std::span<const VerifiedBinary> kernels,
                             std::optional<Failure>& failure);

  // The kernel against the vendor's libraries on the same inputs (gpu_bench.cpp): interleaved rounds of it,
  // of what `names` lists, and of its copy.
  NamedSamples bench(const Subject& subject, int device, const VerifiedBinary& kernel,
                     std::optional<Failure>& failure);

  // How the vendor's libraries compute the operator by the fastest of their algorithms that is right, as programs;
  // `missing` gets one line for each that does not, or that is no more than a baseline.
  std::vector<TileProgram> vendors(const Subject& subject, int device, std::vector<std::string>& missing);

  // As CpuTrials::energy, of the whole board (NVML). `failure`: a kernel's own.
  std::vector<std::vector<double>> energy(const Subject& subject, int device, std::span<const VerifiedBinary> kernels,
                                          std::string& why_not, std::optional<Failure>& failure);

  // What the hardware counts while the kernel runs once. `failure`: the kernel's own. The process must
  // have timed nothing before.
  CounterReading count(const Subject& subject, int device, const VerifiedBinary& kernel,
                       std::optional<Failure>& failure);

  bool usable() const { return !device_ || device_->usable(); }

 private:
  CudaDevice& device_of(const Subject& subject, int number);
  static void load(CudaDevice& device, const Subject& subject, TrialCase& subject_case);
  void start_clock();
  void open_sensors(int number);
  DeviceState state_under_load(CudaDevice& device, PreparedCudaKernel& kernel, double us,
                               std::optional<Failure>& failure);
  InterleavedSamples interleaved(CudaTimer& timer, std::span<const GpuWork> works, std::uint64_t seed,
                                 std::optional<Failure>& failure);
  int best_algorithm(CudaTimer& timer, CudaDevice& device, GpuVendor& vendor, TrialCase& subject_case);
  StoppingRule screen(CudaDevice& device, CudaTimer& timer, PreparedCudaKernel& kernel,
                      Conditions& conditions, std::optional<Failure>& failure);
  std::optional<PreparedCudaKernel> prepare(const Subject& subject, const VerifiedBinary& kernel,
                                            Failure& failure);

  const EmitterRegistry& emitters_;
  GpuLibraries libraries_;
  bool clock_tried_ = false;
  std::unique_ptr<ActivityClock> clock_;  // made before the context, gone after it
  std::string why_no_clock_;
  bool sensors_tried_ = false;
  std::unique_ptr<GpuSensors> sensors_;
  std::string why_no_sensors_;
  std::unique_ptr<cuda::Driver> driver_;
  std::unique_ptr<CudaDevice> device_;
  int number_ = -1;
  std::unique_ptr<TrialCase> case_;
};

// One launch on poisoned outputs, waited for.
std::optional<Failure> run_once(CudaDevice& device, PreparedCudaKernel& kernel);

// What is wrong after it: the kernel's workspace, guards, inputs, or outputs that have neither `digest` nor
// the right values. nullopt: nothing.
std::optional<std::string> violation(TrialCase& subject_case, CudaDevice& device,
                                     const PreparedCudaKernel& kernel, const std::string& digest);

}  // namespace perftune
