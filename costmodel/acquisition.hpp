// What to measure next: expected improvement over the best time so far, in diverse batches.
//
// Beliefs are about log(time): what LearnedModel or GaussianProcess says, however it was made.
// Pure; thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace perftune {

struct Belief {
  double log_time = 0;  // expected
  double sigma = 0;     // standard deviation
};

// Expected decrease of log(time) below `best_log` (Jones, Schonlau, Welch, J. Global Optim. 1998).
double expected_improvement(const Belief& belief, double best_log);

// Up to `count` positions, best first. `points` holds beliefs.size() rows of `width` comparable
// numbers: a candidate's gain is cut by its likeness to those already chosen, exp(-distance^2).
std::vector<std::size_t> choose_batch(std::span<const Belief> beliefs, std::span<const double> points,
                                      std::size_t width, double best_log, std::size_t count);

}  // namespace perftune
