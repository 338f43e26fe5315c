// What measuring some candidates of an operator says about the others.
//
// A Gaussian process over log(measured / believed): the prior of candidate i is its belief (white box, and
// the learned part where it speaks), its error a part that all candidates of the operator share, a part
// that candidates alike in their knobs share (Matern 5/2; Rasmussen and Williams 2006, ch. 2 and 4) and a
// part of its own. One number is fitted, the scale of the last two, around 1: an operator whose first
// measurements lie as believed needs few more, one that surprises more. Costs O(n^3 + n^2 m) for n
// measurements and m candidates. Pure; thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "costmodel/acquisition.hpp"

namespace perftune {

struct BeliefPrior {
  double shared = 0.35;        // standard deviation of the error that all candidates have in common
  double alike_share = 0.7;    // of a belief's variance: shared by candidates with like knobs
  double length = 0.6;         // knob distance (each from 0 to 1) over which they are alike
  double measurement = 0.015;  // noise of a measurement's logarithm
  double scale_spread = 0.7;   // standard deviation of the logarithm of the scale; 0: the scale is 1
};

struct Measured {
  std::size_t candidate = 0;
  double log_time = 0;
};

// `points`: beliefs.size() rows of `width` knobs in [0, 1]. Returns one belief per candidate.
std::vector<Belief> update_beliefs(std::span<const Belief> beliefs, std::span<const double> points,
                                   std::size_t width, std::span<const Measured> measured,
                                   const BeliefPrior& prior = {});

}  // namespace perftune
