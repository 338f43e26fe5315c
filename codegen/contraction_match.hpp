// Takes a statement's expression apart into epilogue(sum over axes of A * B): the first half of
// canonicalise_contraction (contraction.hpp), which goes on with axes and strides.
//
// What may be written in many ways is made one: factors in any order, nested sums, negation,
// constants and k-free reads inside the sum (moved to the epilogue), casts that lose nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

struct ContractionMatch {
  struct Factor {
    ExprPtr read;
    DType type = DType::f32;  // of the tensor, or tf32 for an f32 read under cast(tf32, ...)
  };
  std::vector<int> reduced;     // axes of the sum
  std::vector<Factor> factors;  // exactly two
  ExprPtr epilogue;             // the whole value with the sum as Kind::accumulator
};

// On failure `why_not` says what is not a contraction about the statement, without naming it.
std::optional<ContractionMatch> match_contraction(const Operator& op, const Statement& statement,
                                                  std::string& why_not);

}  // namespace perftune
