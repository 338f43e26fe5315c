// What the tune loop asks of the outside world: try candidates, then name the best of a few.
//
// Everything about processes, compilers and devices is behind this seam; tests replay outcomes
// through it. A candidate's failure comes back in its Outcome; Error means the device, the
// compiler or the toolkit itself is gone.
//
// Call order: (submit* next*)* confirm?     One caller at a time.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "db/outcome.hpp"
#include "db/records.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// One finished trial.
struct Trial {
  int ticket = 0;
  Kernel kernel;    // its id and source are what is recorded
  Outcome outcome;  // timed; or pending when there is no device; or the named failure
};

// The second measurement: leaders interleaved in a fresh worker, beside an A/A control.
struct Confirmation {
  std::size_t best = 0;              // position among the programs that were confirmed
  std::vector<Timing> timings;       // one per program
  std::vector<std::size_t> ties;     // others within noise of the best
  double noise = 0;                  // relative difference of the A/A control
};

class TrialRunner {
 public:
  virtual ~TrialRunner() = default;

  // True: outcomes carry times of the real device. False: offline.
  virtual bool measures() const = 0;

  // How outcomes are obtained; both are part of the validity key.
  virtual Toolchain toolchain(std::string_view target) const = 0;
  virtual Policy policy() const = 0;

  // Queues one candidate; returns at once. `ticket` comes back with its Trial.
  virtual void submit(int ticket, const Operator& op, const TileProgram& program) = 0;

  // Waits for any queued trial, at most until `deadline`; nullopt when it passed or on interrupt.
  virtual std::optional<Trial> next(std::chrono::steady_clock::time_point deadline) = 0;

  // Only where measures(); `programs` were all timed. nullopt when interrupted, and when the
  // measurement failed: then `failure` says how, though not which of the programs did it.
  virtual std::optional<Confirmation> confirm(const Operator& op,
                                              std::span<const TileProgram> programs,
                                              std::optional<Outcome>& failure) = 0;
};

}  // namespace perftune
