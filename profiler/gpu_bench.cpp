// The kernel against vendor libraries on a present GPU, and what kernels take of its energy: a part of GpuTrials.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "executor/random_inputs.hpp"
#include "profiler/energy_window.hpp"
#include "profiler/gpu_trials.hpp"
#include "profiler/statistics.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

constexpr int kRoughRounds = 7;  // a look at each algorithm of a list; the best is measured with the rest

}  // namespace

NamedSamples GpuTrials::bench(const Subject& subject, int number, const VerifiedBinary& kernel,
                              std::optional<Failure>& failure) {
  CudaDevice& device = device_of(subject, number);
  TrialCase& subject_case = TrialCase::of(subject, case_);
  load(device, subject, subject_case);
  NamedSamples result;
  Failure refused;
  auto ours = prepare(subject, kernel, refused);
  auto control = prepare(subject, kernel, refused);
  if (!ours || !control) {
    failure = refused;
    return result;
  }
  const auto check_ours = [&] {
    failure = run_once(device, *ours);
    if (failure) return false;
    if (auto wrong = violation(subject_case, device, *ours, {})) failure = Failure{OutcomeKind::wrong_result, *wrong};
    return !failure;
  };
  if (!check_ours()) return result;
  CudaTimer timer(device, subject.policy, clock_.get());
  std::vector<GpuWork> works{[&](cuda::Stream stream) { return ours->enqueue(stream); }};
  const auto vendors = gpu_vendors(libraries_.toolkit, device, subject.op, result.missing);
  for (const auto& vendor : vendors) {
    try {
      const int best = best_algorithm(timer, device, *vendor, subject_case);
      works.push_back([&device, &vendor, best](cuda::Stream stream) { return vendor->enqueue(device, best, stream); });
      result.names.push_back(vendor->name());
      result.details.push_back(vendor->describe(best));
    } catch (const Error& error) {
      if (!device.usable()) {
        failure = Failure{OutcomeKind::crashed, error.what()};
        return {};
      }
      result.missing.push_back(error.what());
    }
  }
  works.push_back([&](cuda::Stream stream) { return control->enqueue(stream); });
  result.samples = interleaved(timer, works, subject.seed, failure);
  if (!failure) check_ours();
  return result;
}

std::vector<TileProgram> GpuTrials::vendors(const Subject& subject, int number, std::vector<std::string>& missing) {
  CudaDevice& device = device_of(subject, number);
  TrialCase& subject_case = TrialCase::of(subject, case_);
  load(device, subject, subject_case);
  CudaTimer timer(device, subject.policy, clock_.get());
  std::vector<TileProgram> programs;
  for (const auto& vendor : gpu_vendors(libraries_.toolkit, device, subject.op, missing)) {
    try {
      if (auto program = vendor->program(best_algorithm(timer, device, *vendor, subject_case))) programs.push_back(*std::move(program));
      else missing.push_back(vendor->name() + " is a baseline: its kernels are not kept");
    } catch (const Error& error) {
      missing.push_back(error.what());
      if (!device.usable()) break;
    }
  }
  return programs;
}

std::vector<std::vector<double>> GpuTrials::energy(const Subject& subject, int number, std::span<const VerifiedBinary> kernels,
                                                   std::string& why_not, std::optional<Failure>& failure) {
  CudaDevice& device = device_of(subject, number);
  if (!sensors_ || !sensors_->joules(why_not)) {
    if (!sensors_) why_not = why_no_sensors_;
    return {};
  }
  if (kernels.empty()) return {};
  load(device, subject, TrialCase::of(subject, case_));
  std::vector<PreparedCudaKernel> prepared;
  for (const VerifiedBinary& kernel : kernels) {
    Failure refused;
    auto one = prepare(subject, kernel, refused);
    if (!one) {
      failure = refused;
      return {};
    }
    prepared.push_back(std::move(*one));
  }
  const auto start = std::chrono::steady_clock::now();
  return energy_rounds(kernels.size(), why_not, [&](std::size_t i) {
    return EnergySource{[&, i](int launches) {
                          for (int n = 0; n < launches && !failure; ++n) failure = prepared[i].enqueue();
                          if (!failure) failure = device.wait();
                        },
                        [&] { return failure ? std::nullopt : sensors_->joules(why_not); },
                        [start] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }};
  });
}

// The fastest of the library's list that computes the right thing.
int GpuTrials::best_algorithm(CudaTimer& timer, CudaDevice& device, GpuVendor& vendor, TrialCase& subject_case) {
  int best = -1;
  double best_us = 0;
  std::string why_not;
  for (int i = 0; i < vendor.algorithms(); ++i) {
    const GpuWork work = [&](cuda::Stream stream) { return vendor.enqueue(device, i, stream); };
    device.poison_outputs();
    std::optional<Failure> failure = work(nullptr);
    if (!failure) failure = device.wait();
    if (!device.usable())
      throw Error(ErrorKind::unavailable, fmt::format("{} broke the context: {}", vendor.name(), failure->detail));
    if (failure) {
      why_not = failure->detail;
      continue;
    }
    if (const auto wrong = subject_case.violation(device, {})) {
      why_not = *wrong;
      continue;
    }
    std::vector<double> times;
    for (int round = 0; round < kRoughRounds && !failure; ++round) {
      const double us = timer.sample_us(work, timer.batch_now(work, failure), failure);
      if (us > 0) times.push_back(us);
    }
    if (failure || times.empty()) continue;
    if (best < 0 || median(times) < best_us) {
      best = i;
      best_us = median(times);
    }
  }
  if (best >= 0) return best;
  throw Error(ErrorKind::unavailable, fmt::format("{}: no algorithm of its list gives the right result{}", vendor.name(),
                                                  why_not.empty() ? "" : " (" + why_not + ")"));
}

}  // namespace perftune
