// What scalar functions cost where they are computed a vector at a time on a CPU. Pure.
#pragma once

#include "recipes/expression.hpp"

namespace perftune {

// Instructions per vector of f32, of which two start in a cycle: twice the cycles that an L1-resident
// `y[i] = f(x[i])` takes beyond its load and store (measured on Zen 5, AVX-512; docs/model.md).
double cpu_vector_instructions(Function function);

}  // namespace perftune
