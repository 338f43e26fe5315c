// Which kernel tuned at another shape to use where this very shape was not tuned. Pure.
//
// The estimate: a stored time, times how much more the shape asks of the machine. That is the greater
// of two ratios between the shapes: of the roofline (arithmetic over peak, or compulsory bytes over
// bandwidth), and of waves of blocks times arithmetic per output element, which sees what tiles pad and
// what the last wave leaves idle.
#pragma once

#include <optional>
#include <vector>

#include "codegen/launch_rules.hpp"
#include "db/launchables.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// A stored choice with the base dimensions of the operator that it was made for.
struct Relative {
  StoredChoice choice;
  Dims dims;
};

struct Estimated {
  const Relative* relative = nullptr;
  double us = 0;  // at the shape asked for
};

// Sum over the dimensions of |log(extent / extent)|.
double shape_distance(const Dims& a, const Dims& b);

// Seconds that `program` takes for `op`, from its time at `relative`; both shapes legal.
double estimate_us(const Operator& op, const Relative& relative, const LaunchRules& rules,
                   const TileProgram& program, const Hardware& hardware);

// The relatives that are legal for `op`, by estimate, best first. Of many the nearest `most` shapes are
// looked at.
std::vector<Estimated> estimate_relatives(const Operator& op, const std::vector<Relative>& relatives,
                                          const LaunchRulesList& all_rules, const Hardware& hardware, int most);

}  // namespace perftune
