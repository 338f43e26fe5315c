// A whole model as kernels: which nodes became which operator of the grammar, which values are views
// of others, and what is left to the reference implementations.
#pragma once

#include <string>
#include <vector>

#include "models/lower/region.hpp"

namespace perftune {

struct LoweredGraph {
  struct Step {
    std::optional<LoweredOperator> kernel;  // else:
    int node = -1;                          // graph.nodes[node], on the reference
    std::string why_not;                    // and what kept it from a kernel
  };
  FlatGraph graph;
  std::vector<View> views;  // by value; base -1: constants' and dynamic values' own
  std::vector<Step> steps;  // in the order to run in
};

// Pure: decides from structure, never from time.
LoweredGraph lower(FlatGraph graph);

}  // namespace perftune
