// What becomes of a CPU kernel, inside a worker process: compile and verify, measure, measure again
// interleaved with others.
//
// Call order: any; each call stands alone, and only the inputs and the oracle of the last subject
// are kept. One caller. Nothing here guards against kernels that crash or hang: that is the
// worker's parent's business (worker_pool.hpp).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codegen/emitter_registry.hpp"
#include "executor/cpu_device.hpp"
#include "executor/host_compiler.hpp"
#include "profiler/confirmation.hpp"
#include "profiler/job_codec.hpp"
#include "profiler/trial_case.hpp"

namespace perftune {

// Where sources become binaries.
struct CpuToolchain {
  std::string preferred_compiler;  // empty: g++, else clang++
  std::string search_path = HostCompiler::kDefaultSearchPath;
  std::string temporary_parent = "/tmp";
  double compile_deadline_s = 15;
};

class CpuTrials {
 public:
  CpuTrials(const EmitterRegistry& emitters, CpuToolchain toolchain);

  // OutcomeKind::pending and verified_by device with `binary` filled, or the failure. Throws
  // Error{unavailable} without a host compiler.
  Outcome compile_and_verify(const Subject& subject, const TileProgram& program,
                             VerifiedBinary& binary);

  // Times by Policy, pinned, and looks at the results again afterwards.
  Outcome measure(const Subject& subject, const VerifiedBinary& kernel);

  // At least 200 ms of interleaved samples in all, by rounds in random order. `failure` names the
  // kernel that went wrong; then the samples are worth nothing.
  InterleavedSamples confirm(const Subject& subject, std::span<const VerifiedBinary> kernels,
                             std::optional<Failure>& failure);

  // Joules per launch of each kernel, by rounds, as energy_window.hpp has it. Empty with `why_not` set where
  // `powercap` (CpuEnergy) has no counter; without kernels only that is found out.
  std::vector<std::vector<double>> energy(const Subject& subject, std::span<const VerifiedBinary> kernels,
                                          const std::string& powercap, std::string& why_not);

 private:
  CompiledKernel compiled(const Subject& subject, const VerifiedBinary& kernel) const;
  const Emitter& emitter(const TileProgram& program) const;
  void wake_library(const Subject& subject, const VerifiedBinary& kernel);

  const EmitterRegistry& emitters_;
  CpuToolchain toolchain_;
  std::optional<HostCompiler> compiler_;
  std::unique_ptr<TrialCase> case_;
};

}  // namespace perftune
