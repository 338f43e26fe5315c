// Some statements of an operator as an operator of their own: what becomes one kernel where no kernel
// takes them all. Tensors that other statements assign become inputs, tensors that other statements
// read become outputs; types, extents and names stay.
//
// A part is an operator like any other: it rebinds with its whole's dimensions, and its definition is
// the whole's with the key `part` (docs/operators.md), so that stores and workers need no second way.
#pragma once

#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

// `statements` are positions in whole.statements, ascending, not empty. The part is called
// "whole/OUTPUT", its outputs joined by "+".
Operator part_of(const Operator& whole, const std::vector<int>& statements);

// The same on a bound operator, name and source left alone: for bind().
void keep_statements(Operator& op, const std::vector<int>& statements);

}  // namespace perftune
