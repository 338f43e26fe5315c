// The default of contractions on cpu/simd: what an operator gets that nobody tuned.
//
// By rule alone: of the register blocks and thread splits the pair whose busiest thread has least to do, operands
// in place where they can be. Beside it the program that packs both operands: legal at every shape.
#pragma once

#include "tuner/construct/contraction_cpu_problem.hpp"
#include "tuner/construct/proposals.hpp"

namespace perftune {

// To be called first: a constructor's first program is its default. `turned`: the problem with rows and columns
// exchanged, where that is proposed; else nullptr.
void add_contraction_defaults(Proposals& into, const CpuProblem& problem, const CpuProblem* turned);

}  // namespace perftune
