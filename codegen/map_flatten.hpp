// The first half of canonicalise_map (map.hpp): one expression per output, intermediates replaced,
// axes taken apart where divisions look at them. On subscripts of the operator, before tensors'
// strides come in. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

// One output as a function of its axes and of inputs alone.
struct FlatStatement {
  int output = -1;
  std::vector<Axis> axes;          // spatial only
  std::vector<Index> left;
  ExprPtr value;                   // Kind::axis counts axis_values
  std::vector<Index> axis_values;  // over `axes`
};

// One per output that op's statements assign, in their order; nullopt with `why_not`, which names
// the statement.
std::optional<std::vector<FlatStatement>> flatten(const Operator& op, std::string& why_not);

// Takes one axis apart where divisions want it: i becomes f * i1 + i0. False: nothing left to do.
// The innermost axis only where the parts stay long.
bool split_digit(FlatStatement& flat);

// "the statement for C (file:line)".
std::string describe_statement(const Operator& op, const Statement& statement);

}  // namespace perftune
