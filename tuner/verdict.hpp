// Naming a winner among tried candidates.
//
// On a device the leaders of the screening are measured again, interleaved (TrialRunner::confirm):
// the best of many noisy medians is biased low, and the second measurement is not. What lies within
// noise is a tie, reported as one, and the model's prediction breaks it, then the canonical program
// text, so two runs name the same winner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tuner/trial_runner.hpp"
#include "tuner/tune_result.hpp"

namespace perftune {

struct Verdict {
  std::string best;               // kernel id
  std::optional<double> us;
  bool measured = false;
  std::vector<std::string> ties;  // kernel ids
  double seconds = 0;             // spent measuring
  std::size_t confirmed = 0;      // the first so many candidates carry confirmed timings
  std::vector<std::string> failed;  // kernel ids: passed the screening, failed the confirmation
};

// Timed, or verified and waiting for a device.
bool is_success(const Outcome& outcome);

// Successes first: by measured time where there is one, else by prediction; then by program.
void sort_best_first(std::vector<TunedCandidate>& candidates);

// `candidates` are sorted and the first is a success, in both.
Verdict screening_verdict(const std::vector<TunedCandidate>& candidates);

// Confirms the first `leaders` timed candidates, up to `most_leaders` where the screening's spread
// leaves open which is best, and the family's default; writes the confirmed timings into them. One that fails when measured again (a fault on the Nth run, a result that
// changes) takes that failure as its outcome and costs the others nothing.
Verdict confirmed_verdict(const Operator& op, TrialRunner& runner,
                          std::vector<TunedCandidate>& candidates, int leaders, int most_leaders);

// The first candidates' `energy_j` decides instead: what is within 2 % of the least ties, and of the tied ours is named
// before a vendor's and the faster before the slower.
void decide_by_energy(Verdict& verdict, const std::vector<TunedCandidate>& candidates);

}  // namespace perftune
