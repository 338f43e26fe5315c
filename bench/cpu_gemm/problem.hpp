// One product to compare: C = A B in f32, each operand stored as it is or transposed.
#pragma once

#include <cstdint>
#include <string>

#include "recipes/operator.hpp"

namespace perftune::bench {

struct Problem {
  std::int64_t batch = 1, m = 0, n = 0, k = 0;
  bool a_transposed = false, b_transposed = false;  // A is [k,m], B is [n,k]
  std::string label;
};

// "64x64x64", "1x4096x4096nt": m x n x k, then n or t for A and for B. Or an operator file, of
// which the plain f32 product in the same layout is taken. Throws Error{usage}.
Problem parse_problem(const std::string& text);

Operator operator_of(const Problem& problem);

}  // namespace perftune::bench
