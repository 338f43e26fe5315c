#include "profiler/gpu_trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "executor/gpu_calibrate.hpp"
#include "executor/gpu_detect.hpp"
#include "executor/nvrtc.hpp"
#include "executor/random_inputs.hpp"
#include "profiler/interleaving.hpp"
#include "profiler/plausibility.hpp"
#include "profiler/statistics.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kAttempts = 3;  // at a time that is not throttled
constexpr std::chrono::milliseconds kCoolingPause{100};
constexpr double kLoadUs = 3000;  // of launches while the sensors are asked

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Outcome& failed(Outcome& outcome, Failure failure) {
  outcome.kind = failure.kind;
  outcome.detail = std::move(failure.detail);
  return outcome;
}

}  // namespace

std::optional<Failure> run_once(CudaDevice& device, PreparedCudaKernel& kernel) {
  device.poison_outputs();
  if (auto failure = kernel.enqueue()) return failure;
  return device.wait();
}

std::optional<std::string> violation(TrialCase& subject_case, CudaDevice& device,
                                     const PreparedCudaKernel& kernel, const std::string& digest) {
  if (auto wrong = kernel.workspace_violation()) return wrong;
  return subject_case.violation(device, digest);
}

void GpuTrials::load(CudaDevice& device, const Subject& subject, TrialCase& subject_case) {
  device.load(subject.op, views(subject_case.verifier().inputs()));
  if (const std::size_t bytes = CudaTimer::rotation_bytes(subject.policy, device.hardware())) device.rotate(bytes);
}

GpuTrials::GpuTrials(const EmitterRegistry& emitters, GpuLibraries libraries)
    : emitters_(emitters), libraries_(std::move(libraries)) {}

void GpuTrials::start_clock() {
  if (std::exchange(clock_tried_, true)) return;
  clock_ = ActivityClock::start(libraries_.toolkit, why_no_clock_);
}

void GpuTrials::open_sensors(int number) {
  if (std::exchange(sensors_tried_, true)) return;
  std::string uuid;
  for (const PresentGpu& gpu : present_gpus(*driver_)) {
    if (gpu.ordinal == number) uuid = gpu.uuid;
  }
  sensors_ = GpuSensors::open(libraries_.driver_folders, uuid, why_no_sensors_);
}

ProbedGpu GpuTrials::probe(int number) {
  start_clock();
  if (!driver_) driver_ = std::make_unique<cuda::Driver>(libraries_.driver_folders);
  open_sensors(number);
  ProbedGpu probed;
  for (const PresentGpu& gpu : present_gpus(*driver_)) {
    if (gpu.ordinal == number) probed.uuid = gpu.uuid;
  }
  probed.driver = sensors_ ? sensors_->driver_version() : "";
  if (probed.driver.empty())
    probed.driver = fmt::format("CUDA {}.{}", driver_->version / 1000, driver_->version % 1000 / 10);
  probed.clock = clock_ ? "cupti" : "event";
  probed.why_not_cupti = why_no_clock_;
  probed.why_not_nvml = why_no_sensors_;
  return probed;
}

std::map<std::string, Hardware::Measured> GpuTrials::calibrate(const Hardware& hardware, int number,
                                                               double seconds_per_value,
                                                               const std::string& date) {
  const Nvrtc nvrtc(libraries_.toolkit);
  if (!driver_) driver_ = std::make_unique<cuda::Driver>(libraries_.driver_folders);
  open_sensors(number);
  GpuCalibrationOptions options;
  options.date = date;
  if (seconds_per_value > 0) {
    // Scales everything that takes time: what a test on an emulated device can afford.
    options.launch_ms *= seconds_per_value / options.seconds_per_value;
    options.tensor_load_seconds *= seconds_per_value / options.seconds_per_value;
    options.seconds_per_value = seconds_per_value;
  }
  return calibrate_gpu(*driver_, number, hardware, nvrtc, sensors_.get(), options);
}

CudaDevice& GpuTrials::device_of(const Subject& subject, int number) {
  if (subject.policy.timer == "cupti") start_clock();  // before there is a context
  if (!driver_) driver_ = std::make_unique<cuda::Driver>(libraries_.driver_folders);
  open_sensors(number);
  if (!device_ || number_ != number) {
    device_.reset();
    device_ = std::make_unique<CudaDevice>(*driver_, number, subject.hardware);
    number_ = number;
  }
  return *device_;
}

std::optional<PreparedCudaKernel> GpuTrials::prepare(const Subject& subject,
                                                     const VerifiedBinary& kernel,
                                                     Failure& failure) {
  const Emitter* emitter = emitters_.find(kernel.program);
  if (emitter == nullptr) {
    throw Error(ErrorKind::internal, "no emitter for " + kernel.program.text());
  }
  open_gpu_vendor(libraries_.toolkit, kernel.program.target);
  const CompiledKernel compiled{
      emitter->emit(subject.op, kernel.program, subject.hardware), kernel.binary, {}};
  return device_->prepare(compiled, emitter->bind(subject.op, kernel.program, subject.hardware),
                          failure);
}

// The sensors are asked while the kernel runs: a device at rest says nothing of the clocks under load.
DeviceState GpuTrials::state_under_load(CudaDevice& device, PreparedCudaKernel& kernel, double us,
                                        std::optional<Failure>& failure) {
  const int launches = static_cast<int>(std::clamp(kLoadUs / std::max(us, 1.0), 1.0, 1000.0));
  for (int i = 0; i < launches && !failure; ++i) failure = kernel.enqueue();
  const DeviceState state = sensors_->read();
  if (!failure) failure = device.wait();
  return state;
}

StoppingRule GpuTrials::screen(CudaDevice& device, CudaTimer& timer, PreparedCudaKernel& kernel,
                               Conditions& conditions, std::optional<Failure>& failure) {
  for (int attempt = 1;; ++attempt) {
    if (sensors_) conditions.before = sensors_->read();
    StoppingRule samples = timer.screen([&](cuda::Stream stream) { return kernel.enqueue(stream); }, failure);
    if (!sensors_ || failure || samples.samples().empty()) return samples;
    conditions.after = state_under_load(device, kernel, samples.timing().median_us, failure);
    conditions.throttled = conditions.after->throttled;
    if (!conditions.throttled || failure || attempt == kAttempts) return samples;
    std::this_thread::sleep_for(kCoolingPause);
  }
}

Outcome GpuTrials::measure(const Subject& subject, int number, const VerifiedBinary& kernel) {
  Outcome outcome;
  const auto verify_start = Clock::now();
  CudaDevice& device = device_of(subject, number);
  TrialCase& subject_case = TrialCase::of(subject, case_);
  load(device, subject, subject_case);
  Failure refused;
  std::optional<PreparedCudaKernel> prepared = prepare(subject, kernel, refused);
  if (!prepared) return failed(outcome, refused);
  if (auto failure = run_once(device, *prepared)) return failed(outcome, *failure);
  if (auto wrong = violation(subject_case, device, *prepared, {})) {
    return failed(outcome, {OutcomeKind::wrong_result, *wrong});
  }
  const std::string digest = subject_case.digest_of_outputs(device);
  outcome.verify_seconds = seconds_since(verify_start);

  const auto measure_start = Clock::now();
  CudaTimer timer(device, subject.policy, clock_.get());
  std::optional<Failure> failure;
  Conditions conditions;
  const StoppingRule samples = screen(device, timer, *prepared, conditions, failure);
  if (!failure) conditions.launch_us = timer.launch_us([&](cuda::Stream stream) { return prepared->enqueue(stream); }, failure);
  conditions.clock = timer.clock();
  if (!failure) failure = run_once(device, *prepared);
  outcome.measure_seconds = seconds_since(measure_start);
  if (failure) return failed(outcome, *failure);
  if (auto wrong = violation(subject_case, device, *prepared, digest)) {
    return failed(outcome, {OutcomeKind::wrong_result, "after timing: " + *wrong});
  }
  outcome.verified_by = VerifiedBy::device;
  outcome.kind = samples.noisy() ? OutcomeKind::noisy : OutcomeKind::timed;
  if (samples.noisy()) outcome.detail = samples.why();
  if (samples.samples().empty()) return outcome;
  outcome.timing = samples.timing();
  const double us = outcome.timing->median_us;
  if (auto why = impossible(us, least_possible(subject.op, subject.hardware, subject.policy))) {
    outcome.timing.reset();
    return failed(outcome, {OutcomeKind::rejected, *why});
  }
  if (subject.policy.cold && outcome.detail.empty()) {
    outcome.detail = faster_than_dram(us, subject.op, subject.hardware);
  }
  if (subject.policy.rotate) {
    outcome.detail += fmt::format("{}{}", outcome.detail.empty() ? "" : "; ",
                                  timer.takes_turns() ? fmt::format("rotating over {} of its buffer sets", device.sets())
                                                      : "flushed: too many copies of its buffers would exceed L2");
  }
  if (conditions.throttled) {
    outcome.detail += fmt::format("{}throttled throughout ({}, {:g} MHz)", outcome.detail.empty() ? "" : "; ",
                                  conditions.after->reasons, conditions.after->sm_mhz);
  }
  outcome.conditions = std::move(conditions);
  return outcome;
}

// Rounds of all `works`, the last of which is the control of the first.
InterleavedSamples GpuTrials::interleaved(CudaTimer& timer, std::span<const GpuWork> works,
                                          std::uint64_t seed, std::optional<Failure>& failure) {
  std::vector<CudaTimer::Batch> batches;
  for (const GpuWork& work : works) {
    batches.push_back(timer.batch(work, failure));
    if (failure) return {};
  }
  return interleave(works.size() - 1, seed, {}, [&](std::size_t i) {
    double us = timer.sample_us(works[i], batches[i], failure);
    for (int again = 0; std::isnan(us) && !failure && again < 3; ++again) {
      us = timer.sample_us(works[i], batches[i], failure);
    }
    if (std::isnan(us) && !failure) failure = Failure{OutcomeKind::noisy, "the clock lost its records"};
    return us;
  });
}

InterleavedSamples GpuTrials::confirm(const Subject& subject, int number,
                                      std::span<const VerifiedBinary> kernels,
                                      std::optional<Failure>& failure) {
  CudaDevice& device = device_of(subject, number);
  TrialCase& subject_case = TrialCase::of(subject, case_);
  load(device, subject, subject_case);
  CudaTimer timer(device, subject.policy, clock_.get());
  std::vector<PreparedCudaKernel> prepared;
  for (std::size_t i = 0; i <= kernels.size(); ++i) {
    Failure refused;
    auto one = prepare(subject, kernels[i < kernels.size() ? i : 0], refused);  // last: control
    if (!one) {
      failure = refused;
      return {};
    }
    prepared.push_back(std::move(*one));
  }
  std::vector<GpuWork> works;
  for (PreparedCudaKernel& kernel : prepared) works.push_back([&kernel](cuda::Stream stream) { return kernel.enqueue(stream); });
  InterleavedSamples samples = interleaved(timer, works, subject.seed, failure);
  for (std::size_t i = 0; i < kernels.size() && !failure; ++i) {
    failure = run_once(device, prepared[i]);
    if (failure) break;
    if (auto wrong = violation(subject_case, device, prepared[i], kernels[i].digest)) {
      failure = Failure{OutcomeKind::wrong_result,
                        fmt::format("{}: {}", kernels[i].program.text(), *wrong)};
    }
  }
  return samples;
}

CounterReading GpuTrials::count(const Subject& subject, int number, const VerifiedBinary& kernel,
                                std::optional<Failure>& failure) {
  const cupti::Library cupti(libraries_.toolkit);
  Subject without_clock = subject;
  without_clock.policy.timer = "event";  // activity records and counters exclude each other
  CudaDevice& device = device_of(without_clock, number);
  TrialCase& subject_case = TrialCase::of(subject, case_);
  load(device, subject, subject_case);
  Failure refused;
  std::optional<PreparedCudaKernel> prepared = prepare(subject, kernel, refused);
  if (!prepared) {
    failure = refused;
    return {};
  }
  if (failure = run_once(device, *prepared); failure) return {};
  const CounterReading reading =
      read_counters(cupti, static_cast<std::size_t>(number), device.context(), [&] {
        if (!failure) failure = prepared->enqueue();
        if (!failure) failure = device.wait();
      });
  return reading;
}

}  // namespace perftune
