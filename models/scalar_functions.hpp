// Operators that compute each element from one element of each input: their meaning as numbers, and
// as an expression of the operator grammar for kernels. One table, so the two cannot drift apart.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/reference.hpp"

namespace perftune {

struct ScalarFunction {
  enum class Result { as_input, as_second, boolean };
  struct Parameter {
    const char* attribute;
    double otherwise;
  };
  const char* op;
  int arity;             // -1: one or more, combined from the left
  Result result;
  // {a} {b} {c}: the inputs, {p} {q}: the parameters; empty: no kernel has it.
  const char* expression;
  double (*real)(double a, double b, double c, double p, double q);
  std::int64_t (*integer)(std::int64_t a, std::int64_t b, std::int64_t c);  // null: by doubles
  std::vector<Parameter> parameters{};
};

const ScalarFunction* find_scalar_function(std::string_view op);

// The node's parameters p and q. Clip takes its bounds from inputs 1 and 2 since opset 11.
std::vector<double> scalar_parameters(const ScalarFunction& function, const OpCall& call);

// The expression of `call` over the texts of its inputs; nullopt when kernels have none, or a bound
// of Clip is not known yet. Inputs beyond `arguments` are parameters.
std::optional<std::string> scalar_expression(const OpCall& call, const std::vector<std::string>& arguments);
// How many of the node's inputs are elements (Clip: one).
std::size_t element_inputs(const OpCall& call);

}  // namespace perftune
