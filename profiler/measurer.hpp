// Takes candidates through their lives in worker processes and hands out what became of them.
//
//   this CPU:         compile and verify (in parallel) -> measure (alone on the machine)
//   a present GPU:    compile (in parallel) -> verify and measure (one at a time)
//   an absent GPU:    compile -> emulate (in parallel); the outcome is `pending`
//
// A worker that dies costs the candidate that it ran: crashed or timed_out. Compilation of the next
// candidates goes on while one is verified, never while one is timed.
//
// Call order: (submit* next*)* confirm?  One caller, the thread of the WorkerPool. Throws what the
// pool throws, and the Error of a job (no compiler, no toolkit).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "codegen/emitter_registry.hpp"
#include "executor/cpu_energy.hpp"
#include "profiler/confirmation.hpp"
#include "profiler/cpu_trials.hpp"
#include "profiler/job_codec.hpp"
#include "profiler/worker_pool.hpp"

namespace perftune {

struct MeasurerOptions {
  Hardware hardware;
  Policy policy;
  std::optional<int> device{};     // number of the present GPU; absent: offline (GPUs only)
  std::uint64_t seed = 1;          // of the inputs and of the confirmation's order
  // Deadlines for work that does not depend on the kernel's speed; what a slow but acceptable
  // kernel needs is added from the operator's arithmetic.
  double prepare_deadline_s = 25;  // compile and verify one candidate
  double measure_deadline_s = 15;  // beyond Policy::max_seconds
  double confirm_deadline_s = 60;
  std::string powercap = CpuEnergy::kPowercap;  // where a CPU's energy counters are
};

struct FinishedTrial {
  int ticket = 0;
  Kernel kernel;
  Outcome outcome;
};

class Measurer {
 public:
  Measurer(WorkerPool& pool, const EmitterRegistry& emitters, MeasurerOptions options);

  // Queues one candidate. `definition` is text that parse_operator_text reads and in which `op`
  // can be found again.
  void submit(int ticket, const Operator& op, const std::string& definition,
              const TileProgram& program);

  // The same for a kernel that was compiled before, where kernels are measured: nothing is compiled, and its
  // results are looked at after its samples.
  void submit_built(int ticket, const Operator& op, const std::string& definition, const TileProgram& program,
                    std::string binary);

  // The next candidate that came to its end; nullopt when none is under way or none ended until
  // `deadline`.
  std::optional<FinishedTrial> next(WorkerPool::Clock::time_point deadline);

  // Measures `programs` (all once timed) again, interleaved in a fresh worker with an A/A control.
  // nullopt with `failure` set when one of them went wrong.
  std::optional<Confirmed> confirm(const Operator& op, const std::string& definition,
                                   std::span<const TileProgram> programs, Failure& failure);

  // Joules per launch of `programs` (all once timed), the median of rounds; without programs nothing but whether
  // there is a counter. nullopt with `why_not` set: there is none, or a kernel went wrong.
  std::optional<std::vector<double>> energy(const Operator& op, const std::string& definition,
                                            std::span<const TileProgram> programs, std::string& why_not);

 private:
  struct Candidate {
    int ticket = 0;
    bool second_stage = false;  // measure or emulate, after prepare or compile
    Subject subject;
    TileProgram program;
    Kernel kernel;
    Outcome outcome;  // so far
  };
  using BinaryKey = std::pair<std::string, std::string>;  // signature, program text

  bool on_cpu() const { return options_.hardware.kind == Hardware::Kind::cpu; }
  bool measures() const { return on_cpu() || options_.device.has_value(); }
  Subject subject_of(const Operator& op, const std::string& definition) const;
  double slowest_run_s(const Operator& op) const;
  JobRequest first_stage(const Candidate& candidate) const;
  // A candidate with its kernel; nullopt: it is illegal, and finished.
  std::optional<Candidate> legal(int ticket, const Operator& op, const std::string& definition, const TileProgram& program);
  bool go_on(Candidate& candidate, JobResult& result);  // true: a second stage was submitted
  const VerifiedBinary* binary_of(const Subject& subject, const TileProgram& program,
                                  Failure& failure);
  void start_second_stage(Candidate candidate, const VerifiedBinary& binary);

  WorkerPool& pool_;
  const EmitterRegistry& emitters_;
  MeasurerOptions options_;
  std::map<Ticket, Candidate> under_way_;
  std::map<BinaryKey, VerifiedBinary> binaries_;
  std::deque<FinishedTrial> finished_;
};

}  // namespace perftune
