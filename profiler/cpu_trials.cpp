#include "profiler/cpu_trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "codegen/cpu/headers.hpp"
#include "codegen/vendor/vendor_target.hpp"
#include "executor/cpu_energy.hpp"
#include "executor/random_inputs.hpp"
#include "executor/verification.hpp"
#include "profiler/cpu_timer.hpp"
#include "profiler/energy_window.hpp"
#include "profiler/interleaving.hpp"
#include "profiler/plausibility.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The compiler's first error, or its last words.
std::string first_error(const std::string& log) {
  std::size_t at = log.find("error:");
  if (at == std::string::npos) {
    const std::size_t last = log.find_last_not_of('\n');
    at = last == std::string::npos ? 0 : log.rfind('\n', last);
    at = at == std::string::npos ? 0 : at + 1;
  }
  return log.substr(at, log.find('\n', at) - at);
}

std::optional<std::string> violation(TrialCase& subject_case, CpuDevice& device,
                                     const PreparedKernel& kernel, const std::string& digest) {
  if (auto wrong = kernel.workspace_violation()) return wrong;
  return subject_case.violation(device, digest);
}

}  // namespace

CpuTrials::CpuTrials(const EmitterRegistry& emitters, CpuToolchain toolchain)
    : emitters_(emitters), toolchain_(std::move(toolchain)) {}

const Emitter& CpuTrials::emitter(const TileProgram& program) const {
  const Emitter* found = emitters_.find(program);
  if (found == nullptr) {
    throw Error(ErrorKind::internal,
                fmt::format("no emitter for {} {}", program.family, program.target));
  }
  return *found;
}

CompiledKernel CpuTrials::compiled(const Subject& subject, const VerifiedBinary& kernel) const {
  const Emitter& from = emitter(kernel.program);
  return {from.emit(subject.op, kernel.program, subject.hardware), kernel.binary,
          from.estimate(subject.op, kernel.program, subject.hardware)};
}

Outcome CpuTrials::compile_and_verify(const Subject& subject, const TileProgram& program,
                                      VerifiedBinary& binary) {
  Outcome outcome;
  const Emitter& from = emitter(program);
  if (auto why = from.illegal(subject.op, program, subject.hardware)) {
    outcome.kind = OutcomeKind::rejected;
    outcome.detail = *why;
    return outcome;
  }
  if (!compiler_) {
    compiler_ = HostCompiler::find(toolchain_.preferred_compiler, toolchain_.search_path);
    if (!compiler_) {
      throw Error(ErrorKind::unavailable, "no host C++ compiler (g++ or clang++) in PATH");
    }
    compiler_->set_temporary_parent(toolchain_.temporary_parent);
  }
  const Kernel kernel = from.emit(subject.op, program, subject.hardware);
  HostCompileResult result = compiler_->compile(kernel.source, cpu_device_headers(),
                                                cpu_compile_flags(subject.hardware.cpu.isa),
                                                toolchain_.compile_deadline_s);
  outcome.compile_seconds = result.seconds;
  if (!result.ok) {
    outcome.kind = OutcomeKind::compile_failed;
    outcome.detail = first_error(result.log);
    return outcome;
  }
  outcome.resources = from.estimate(subject.op, program, subject.hardware);

  const auto start = Clock::now();
  TrialCase& subject_case = TrialCase::of(subject, case_);
  const CompiledKernel to_check{kernel, std::move(result.binary), *outcome.resources};
  // Not pinned: others may be verifying on the same processors.
  CpuDevice device(subject.hardware, subject.policy.threads, false);
  const std::optional<Failure> failure = subject_case.verifier().check(
      device, to_check, from.bind(subject.op, program, subject.hardware));
  outcome.verify_seconds = seconds_since(start);
  if (failure) {
    outcome.kind = failure->kind;
    outcome.detail = failure->detail;
    return outcome;
  }
  outcome.verified_by = VerifiedBy::device;
  outcome.binary = to_check.binary;
  binary = {program, to_check.binary, subject_case.digest_of_outputs(device)};
  return outcome;
}

// A vendor's threads are born with the affinity of the thread that calls first, and stay: that must not be one
// that a device has pinned to a core.
void CpuTrials::wake_library(const Subject& subject, const VerifiedBinary& kernel) {
  if (!is_vendor(kernel.program.target)) return;
  CpuDevice device(subject.hardware, subject.policy.threads, false);
  device.load(subject.op, views(TrialCase::of(subject, case_).verifier().inputs()));
  device.launch(compiled(subject, kernel), emitter(kernel.program).bind(subject.op, kernel.program, subject.hardware));
}

Outcome CpuTrials::measure(const Subject& subject, const VerifiedBinary& kernel) {
  Outcome outcome;
  const auto start = Clock::now();
  wake_library(subject, kernel);
  TrialCase& subject_case = TrialCase::of(subject, case_);
  CpuDevice device(subject.hardware, subject.policy.threads);
  device.load(subject.op, views(subject_case.verifier().inputs()));
  Failure failure;
  const std::optional<PreparedKernel> prepared = device.prepare(
      compiled(subject, kernel),
      emitter(kernel.program).bind(subject.op, kernel.program, subject.hardware), failure);
  if (!prepared) {
    outcome.kind = failure.kind;
    outcome.detail = failure.detail;
    return outcome;
  }
  CpuTimer timer(device, subject.policy);
  const StoppingRule samples = timer.screen(*prepared);
  device.poison_outputs();
  prepared->call();
  outcome.measure_seconds = seconds_since(start);
  if (auto wrong = violation(subject_case, device, *prepared, kernel.digest)) {
    outcome.kind = OutcomeKind::wrong_result;
    outcome.detail = "after timing: " + *wrong;
    return outcome;
  }
  outcome.verified_by = VerifiedBy::device;
  outcome.timing = samples.timing();
  if (samples.noisy()) {
    outcome.kind = OutcomeKind::noisy;
    outcome.detail = samples.why();
    if (samples.samples().empty()) outcome.timing.reset();
    return outcome;
  }
  outcome.kind = OutcomeKind::timed;
  const double us = outcome.timing->median_us;
  if (auto why = impossible(us, least_possible(subject.op, subject.hardware, subject.policy))) {
    outcome.kind = OutcomeKind::rejected;
    outcome.detail = *why;
    outcome.timing.reset();
  } else if (subject.policy.cold) {
    outcome.detail = faster_than_dram(us, subject.op, subject.hardware);
  }
  return outcome;
}

InterleavedSamples CpuTrials::confirm(const Subject& subject,
                                      std::span<const VerifiedBinary> kernels,
                                      std::optional<Failure>& failure) {
  for (const VerifiedBinary& kernel : kernels) wake_library(subject, kernel);
  TrialCase& subject_case = TrialCase::of(subject, case_);
  CpuDevice device(subject.hardware, subject.policy.threads);
  device.load(subject.op, views(subject_case.verifier().inputs()));
  CpuTimer timer(device, subject.policy);
  std::vector<PreparedKernel> prepared;
  std::vector<int> repeats;
  for (std::size_t i = 0; i <= kernels.size(); ++i) {
    const VerifiedBinary& kernel = kernels[i < kernels.size() ? i : 0];  // last: the A/A control
    Failure reason;
    auto one = device.prepare(
        compiled(subject, kernel),
        emitter(kernel.program).bind(subject.op, kernel.program, subject.hardware), reason);
    if (!one) {
      failure = reason;
      return {};
    }
    prepared.push_back(std::move(*one));
    repeats.push_back(timer.repeats(prepared.back()));
  }

  InterleavedSamples samples = interleave(kernels.size(), subject.seed, {}, [&](std::size_t i) {
    // The others' data go out of the caches first.
    if (!subject.policy.cold && repeats[i] > 1) prepared[i].call();
    return timer.sample_us(prepared[i], repeats[i]);
  });
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    device.poison_outputs();
    prepared[i].call();
    if (auto wrong = violation(subject_case, device, prepared[i], kernels[i].digest)) {
      failure = Failure{OutcomeKind::wrong_result,
                        fmt::format("{}: {}", kernels[i].program.text(), *wrong)};
      return {};
    }
  }
  return samples;
}

std::vector<std::vector<double>> CpuTrials::energy(const Subject& subject, std::span<const VerifiedBinary> kernels,
                                                   const std::string& powercap, std::string& why_not) {
  const auto counter = CpuEnergy::open(powercap, why_not);
  if (!counter || kernels.empty()) return {};
  for (const VerifiedBinary& kernel : kernels) wake_library(subject, kernel);
  CpuDevice device(subject.hardware, subject.policy.threads);
  device.load(subject.op, views(TrialCase::of(subject, case_).verifier().inputs()));
  const auto start = Clock::now();
  std::vector<PreparedKernel> prepared;
  for (const VerifiedBinary& kernel : kernels) {
    Failure reason;
    auto one = device.prepare(compiled(subject, kernel), emitter(kernel.program).bind(subject.op, kernel.program, subject.hardware), reason);
    if (!one) {
      why_not = reason.detail;
      return {};
    }
    prepared.push_back(std::move(*one));
  }
  return energy_rounds(kernels.size(), why_not, [&](std::size_t i) {
    return EnergySource{[&, i](int launches) { for (int n = 0; n < launches; ++n) prepared[i].call(); },
                        [&] { return counter->joules(); }, [&] { return seconds_since(start); }};
  });
}

}  // namespace perftune
