// Trials in worker processes: the TrialRunner of real tunes, over profiler/measurer.hpp.
//
// On this CPU or a present GPU: compile, verify, time, confirm. For an absent GPU: compile, emulate.
// Call order and threading as TrialRunner; throws what WorkerPool and Measurer throw, except that
// an interrupt ends next() with nullopt: the tune loop sees the flag itself.
#pragma once

#include <map>
#include <string>

#include "codegen/emitter_registry.hpp"
#include "profiler/measurer.hpp"
#include "profiler/worker_pool.hpp"
#include "tuner/trial_runner.hpp"

namespace perftune {

class WorkerTrials final : public TrialRunner {
 public:
  // `toolchains` by target: what the workers compile with.
  WorkerTrials(const EmitterRegistry& emitters, WorkerOptions workers, MeasurerOptions options,
               std::map<std::string, Toolchain, std::less<>> toolchains);

  bool measures() const override {
    return options_.hardware.kind == Hardware::Kind::cpu || options_.device.has_value();
  }
  Toolchain toolchain(std::string_view target) const override;
  Policy policy() const override { return options_.policy; }
  void submit(int ticket, const Operator& op, const TileProgram& program) override;
  // A kernel that was compiled before: measured, its results looked at, nothing compiled.
  void submit_built(int ticket, const Operator& op, const TileProgram& program, std::string binary);
  std::optional<Trial> next(std::chrono::steady_clock::time_point deadline) override;
  std::optional<Confirmation> confirm(const Operator& op, std::span<const TileProgram> programs,
                                      std::optional<Outcome>& failure) override;
  // Joules per launch, as Measurer::energy.
  std::optional<std::vector<double>> energy(const Operator& op, std::span<const TileProgram> programs, std::string& why_not);

 private:
  MeasurerOptions options_;
  std::map<std::string, Toolchain, std::less<>> toolchains_;
  WorkerPool pool_;
  Measurer measurer_;
};

}  // namespace perftune
