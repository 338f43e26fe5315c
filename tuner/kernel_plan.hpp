// Which kernels compute an operator: one where some family takes it whole, else its statements cut
// into runs, each an operator of its own (recipes/operator_part.hpp) whose outputs the next read from
// memory. The cut is the one with the least predicted time. Pure.
#pragma once

#include <string>
#include <vector>

#include "tuner/rank.hpp"

namespace perftune {

struct KernelPlan {
  struct Part {
    Operator op;      // the operator itself where the plan has one part
    Ranking ranking;  // not empty
  };
  std::vector<Part> parts;   // in the order to run in; empty: nothing takes the operator
  std::string why_not;       // when empty: the first statement that no family takes, and why
  std::string why_split;     // several parts: what kept the families from the whole

  bool split() const { return parts.size() > 1; }
  double predicted_us() const;  // the sum of the best of each part
};

KernelPlan plan_kernels(const Operator& op, const Hardware& hardware, const Slices& slices);

}  // namespace perftune
