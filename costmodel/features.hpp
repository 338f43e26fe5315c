// What the learned part looks at: named, dimensionless numbers about one candidate.
//
// Fractions of limits and logarithms of ratios only, so that a model trained on one machine or
// shape says something about another. Changing the list, or what the white box says of many programs,
// changes kFeatureVersion: a model corrects the white box that it was trained beside, and one of another
// version is refused. Pure; thread-safe.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "codegen/kernel.hpp"
#include "costmodel/prediction.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

inline constexpr int kFeatureVersion = 3;

// Names in the order of `features`' values: "math_share", "occupancy", "log_waves", ...
std::span<const std::string_view> feature_names();

// One value per name. `resources` are the compiler's facts where known, else estimates; what a
// target does not have is 0.
std::vector<double> features(const Operator& op, const Hardware& hardware,
                             const TileProgram& program, const Resources& resources,
                             const Prediction& prediction);

}  // namespace perftune
