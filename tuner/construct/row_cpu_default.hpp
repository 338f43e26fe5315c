// The default of rows and reductions on cpu/simd: what an operator gets that nobody tuned.
//
// One program by rule, from the lanes, the registers and the threads; where it holds constants of this shape
// (a window's extents), a second one that holds none and serves every shape of the structure.
#pragma once

#include "tuner/construct/proposals.hpp"
#include "tuner/construct/row_cpu_problem.hpp"

namespace perftune {

// To be called first: a constructor's first program is its default.
void add_row_defaults(Proposals& into, const CpuRowProblem& problem);

}  // namespace perftune
