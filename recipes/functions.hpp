// The scalar functions of operator files: their names and how many arguments they take.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "recipes/expression.hpp"

namespace perftune {

struct FunctionEntry {
  std::string_view name;
  Function function;
  int arguments;
};

// Those that are written as a call: "max(a, b)", "gelu(x)". Not cast, whose second argument is a
// type.
const std::vector<FunctionEntry>& called_functions();
const FunctionEntry* find_function(std::string_view name);
std::optional<Reduction> parse_reduction(std::string_view name);

// Functions whose arguments may change places.
bool is_commutative(Function function);

// Its value on real arguments, for folding constants.
double evaluate(Function function, const std::vector<double>& args);

}  // namespace perftune
