// What an exported kernel is checked with: drawn inputs, and between which values the float64 oracle
// says that sampled elements of its outputs lie.
#pragma once

#include "codegen/bundle/bundle.hpp"

namespace perftune {

// Fills inputs and outputs of `bundle`, the same ones for the same operator. Throws Error{usage} when
// an operator is too large to be evaluated here or its indices cannot be kept in bounds.
void add_check(Bundle& bundle);

}  // namespace perftune
