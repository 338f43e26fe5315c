// The tune loop: construct, rank, try the most promising, record each outcome as it happens, and
// name a winner. It decides; the TrialRunner acts.
//
// An interrupted or budget-limited tune returns what it has, marked so; nothing that finished is
// lost, because every outcome is committed before the next is awaited.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "costmodel/learned_model.hpp"
#include "db/store.hpp"
#include "recipes/operator.hpp"
#include "tuner/slices.hpp"
#include "tuner/trial_runner.hpp"
#include "tuner/tune_result.hpp"

namespace perftune {

struct TuneOptions {
  int top = 10;                 // candidates to bring through verification; failures do not count
  int leaders = 4;              // at least so many of them are measured again to name the winner,
  int most_leaders = 10;        // and so many where the screening cannot tell more from the best
  double budget_seconds = 0;    // 0: none; when it ends, what was found so far is the result
  bool spread = false;          // `top` candidates evenly over the ranking, good and bad, and no
                                // confirmation: data for the model, not a winner
  bool resume = false;          // outcomes already in the store under the same key are not repeated
  std::uint64_t seed = 1;       // inputs, sampling
  // Chooses what to measure next where it knows the device and the family; null or silent: the white
  // box's order. Must outlive the tune.
  const LearnedModel* model = nullptr;
  std::vector<TileProgram> programs;  // try these instead of constructing; empty: construct
  // Programs of vendors' libraries that compete beside those: they win where they are faster beyond noise.
  std::vector<TileProgram> vendors;
  // Joules per launch of programs that were confirmed; where it is given the least of these wins, and the winner is
  // kept under a policy of its own. nullopt with `why_not` set ends the tune with Error{unavailable}.
  std::function<std::optional<std::vector<double>>(const Operator&, std::span<const TileProgram>, std::string& why_not)> energy;
  std::string command;          // for the run's record
  Provenance provenance;        // of the machine; marks rows stale elsewhere, never decides
  const std::atomic<bool>* interrupted = nullptr;
};

// Told after each trial; `wanted` is how many are expected. May be empty.
using TuneProgress = std::function<void(const TuneResult& so_far, int done, int wanted)>;

enum class TuneEnd { finished, interrupted, budget };

struct TuneRun {
  TuneResult result;
  TuneEnd end = TuneEnd::finished;
};

// `definition` is the operator file's text, kept with the operator so that the store alone can
// build it again. Throws Error{no_candidate} when nothing can be constructed for `op`.
TuneRun tune(const Operator& op, const std::string& definition, const Hardware& hardware,
             const Slices& slices, TrialRunner& runner, Store& store, const TuneOptions& options,
             const TuneProgress& progress);

}  // namespace perftune
