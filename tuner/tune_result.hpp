// What one tune found, for one operator at one shape: the value that `tune --json` prints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codegen/vendor/vendor_target.hpp"
#include "costmodel/prediction.hpp"
#include "db/outcome.hpp"
#include "tuner/rank.hpp"

namespace perftune {

struct TunedCandidate {
  std::string kernel;  // id
  Ranked ranked;       // its prediction is made again once the compiler's facts are known
  Outcome outcome;
  std::optional<double> energy_j = std::nullopt;  // per launch, where that was the objective
};

// Of a vendor's library: nothing predicts it, and it serves this very shape alone.
inline bool is_vendor(const TunedCandidate& candidate) { return is_vendor(candidate.ranked.program.target); }

struct TuneCounts {
  int constructed = 0, compiled = 0, verified = 0, measured = 0, failed = 0;
};

struct TuneSeconds {
  double construct = 0, compile = 0, verify = 0, measure = 0, total = 0;
};

struct TuneResult {
  std::string operator_name;
  std::string signature;
  std::string hardware;
  Dims dims;
  double weight = 1;
  bool measured = false;  // mode: measured | offline
  TuneCounts counts;
  std::vector<TunedCandidate> candidates;  // those that were tried, best first
  std::string best;                        // kernel id; empty: none is valid
  bool best_measured = false;              // best_basis
  std::optional<double> best_us;           // of that basis
  std::vector<std::string> ties;           // kernels within noise of the best
  bool by_energy = false;                  // the best takes the least energy, not the least time
  struct Baseline {
    std::string name;
    double us = 0;
  };
  std::vector<Baseline> baselines;
  TuneSeconds seconds;
  bool learned = false;   // the learned part chose what was measured
  bool resumed = false;   // some outcomes came from an earlier, interrupted run
  // An operator of several kernels has one result for the whole, without candidates, whose time is the
  // sum of its parts', and then one result for each part.
  std::vector<std::string> parts;  // of the whole: the parts' names, in the order they run
  std::string part_of;             // of a part: the whole's name
  std::string note;       // one line a user should read ("offline: no sm_80 device here")

  // The best that is no vendor's; nullptr: none succeeded. `best` itself where that is ours.
  const TunedCandidate* best_own() const;
};

// Fills `baselines` with what vendors' libraries did; `note` says when one of them won. `best` is known.
void list_baselines(TuneResult& result);

// "crashed 3, wrong_result 1": what became of candidates, for the message when all failed.
std::string failure_histogram(const TuneResult& result);

}  // namespace perftune
