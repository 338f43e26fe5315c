#include "profiler/gpu_trials.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "executor/random_inputs.hpp"
#include "profiler/cuda_timer.hpp"
#include "profiler/interleaving.hpp"
#include "profiler/plausibility.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Outcome& failed(Outcome& outcome, Failure failure) {
  outcome.kind = failure.kind;
  outcome.detail = std::move(failure.detail);
  return outcome;
}

// One launch on poisoned outputs, waited for.
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

}  // namespace

GpuTrials::GpuTrials(const EmitterRegistry& emitters, std::vector<std::string> driver_folders)
    : emitters_(emitters), driver_folders_(std::move(driver_folders)) {}

CudaDevice& GpuTrials::device_of(const Subject& subject, int number) {
  if (!driver_) driver_ = std::make_unique<cuda::Driver>(driver_folders_);
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
  const CompiledKernel compiled{
      emitter->emit(subject.op, kernel.program, subject.hardware), kernel.binary, {}};
  return device_->prepare(compiled, emitter->bind(subject.op, kernel.program, subject.hardware),
                          failure);
}

Outcome GpuTrials::measure(const Subject& subject, int number, const VerifiedBinary& kernel) {
  Outcome outcome;
  const auto verify_start = Clock::now();
  CudaDevice& device = device_of(subject, number);
  TrialCase& subject_case = TrialCase::of(subject, case_);
  device.load(subject.op, views(subject_case.verifier().inputs()));
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
  CudaTimer timer(device, subject.policy);
  std::optional<Failure> failure;
  const StoppingRule samples = timer.screen(*prepared, failure);
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
  return outcome;
}

InterleavedSamples GpuTrials::confirm(const Subject& subject, int number,
                                      std::span<const VerifiedBinary> kernels,
                                      std::optional<Failure>& failure) {
  CudaDevice& device = device_of(subject, number);
  TrialCase& subject_case = TrialCase::of(subject, case_);
  device.load(subject.op, views(subject_case.verifier().inputs()));
  CudaTimer timer(device, subject.policy);
  std::vector<PreparedCudaKernel> prepared;
  std::vector<int> repeats;
  for (std::size_t i = 0; i <= kernels.size(); ++i) {
    Failure refused;
    auto one = prepare(subject, kernels[i < kernels.size() ? i : 0], refused);  // last: control
    if (!one) {
      failure = refused;
      return {};
    }
    prepared.push_back(std::move(*one));
    repeats.push_back(timer.repeats(prepared.back(), failure));
    if (failure) return {};
  }
  InterleavedSamples samples = interleave(kernels.size(), subject.seed, {}, [&](std::size_t i) {
    return timer.sample_us(prepared[i], repeats[i], failure);
  });
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

}  // namespace perftune
