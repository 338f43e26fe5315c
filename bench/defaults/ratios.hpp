// How far a family's default is from the best: what a shape that was never tuned pays.
//
// Predicted, over the recipes and any device; recorded, over the operators of which every candidate was
// timed on a CPU (bench/cpu_spaces/recording). Nothing here is timed.
#pragma once

#include <string>
#include <vector>

#include "bench/cpu_spaces/spaces.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/slices.hpp"

namespace perftune::bench {

struct DefaultRatio {
  std::string name, family;
  TileProgram made, best;      // the default, and what is best
  double made_us = 0, best_us = 0;
  std::size_t candidates = 0;
  double ratio() const { return made_us / best_us; }
};

// Every operator of recipes/ops and recipes/suites, and those of bench/cpu_ops and bench/cpu_spaces; no
// signature twice.
std::vector<OperatorPoint> recipe_operators();

// By the model alone, the default of each slice against the best that any slice constructs; the device's
// default is the best of these. Operators that nothing takes are left out.
std::vector<DefaultRatio> predicted_ratios(const std::vector<OperatorPoint>& points, const Hardware& hardware,
                                           const Slices& slices);

// By recorded times. A default that is not in the recording has made_us 0.
std::vector<DefaultRatio> recorded_ratios(const std::vector<CpuSpace>& spaces, const Hardware& hardware,
                                          const Slices& slices);

}  // namespace perftune::bench
