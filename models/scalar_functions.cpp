#include "models/scalar_functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace perftune {
namespace {

using Result = ScalarFunction::Result;
using D = double;
using I = std::int64_t;

#define REAL(expr) [](D a, [[maybe_unused]] D b, [[maybe_unused]] D c, [[maybe_unused]] D p, [[maybe_unused]] D q) -> D { return expr; }
#define INTEGER(expr) [](I a, [[maybe_unused]] I b, [[maybe_unused]] I c) -> I { return expr; }

// numpy's: the sign of the divisor.
I floor_mod(I a, I b) { return b == 0 ? 0 : (a % b != 0 && (a % b < 0) != (b < 0)) ? a % b + b : a % b; }
// C++ has no behaviour for these two.
I quotient(I a, I b) { return b == 0 ? 0 : b == -1 ? -a : a / b; }
I power(I a, I b) {
  I result = 1;
  for (; b > 0; b >>= 1, a *= a)
    if (b & 1) result *= a;
  return result;
}
D round_to_even(D a) { return std::nearbyint(a); }
D sigmoid(D a) { return 1 / (1 + std::exp(-a)); }
D softplus(D a) { return a > 30 ? a : std::log1p(std::exp(a)); }

const std::vector<ScalarFunction>& functions() {
  static const std::vector<ScalarFunction> all = {
      {"Add", 2, Result::as_input, "{a} + {b}", REAL(a + b), INTEGER(a + b)},
      {"Sub", 2, Result::as_input, "{a} - {b}", REAL(a - b), INTEGER(a - b)},
      {"Mul", 2, Result::as_input, "{a} * {b}", REAL(a * b), INTEGER(a * b)},
      {"Div", 2, Result::as_input, "{a} / {b}", REAL(a / b), INTEGER(quotient(a, b))},
      {"Pow", 2, Result::as_input, "pow({a}, {b})", REAL(std::pow(a, b)), INTEGER(power(a, b))},
      {"Mod", 2, Result::as_input, "", REAL(std::fmod(a, b)), INTEGER(floor_mod(a, b))},
      {"Max", -1, Result::as_input, "max({a}, {b})", REAL(std::max(a, b)), INTEGER(std::max(a, b))},
      {"Min", -1, Result::as_input, "min({a}, {b})", REAL(std::min(a, b)), INTEGER(std::min(a, b))},
      {"Sum", -1, Result::as_input, "{a} + {b}", REAL(a + b), INTEGER(a + b)},
      {"Abs", 1, Result::as_input, "abs({a})", REAL(std::abs(a)), INTEGER(a < 0 ? -a : a)},
      {"Neg", 1, Result::as_input, "-{a}", REAL(-a), INTEGER(-a)},
      {"Reciprocal", 1, Result::as_input, "1 / {a}", REAL(1 / a), nullptr},
      {"Exp", 1, Result::as_input, "exp({a})", REAL(std::exp(a)), nullptr},
      {"Log", 1, Result::as_input, "log({a})", REAL(std::log(a)), nullptr},
      {"Sqrt", 1, Result::as_input, "sqrt({a})", REAL(std::sqrt(a)), nullptr},
      {"Erf", 1, Result::as_input, "erf({a})", REAL(std::erf(a)), nullptr},
      {"Tanh", 1, Result::as_input, "tanh({a})", REAL(std::tanh(a)), nullptr},
      {"Sin", 1, Result::as_input, "", REAL(std::sin(a)), nullptr},
      {"Cos", 1, Result::as_input, "", REAL(std::cos(a)), nullptr},
      {"Floor", 1, Result::as_input, "", REAL(std::floor(a)), INTEGER(a)},
      {"Ceil", 1, Result::as_input, "", REAL(std::ceil(a)), INTEGER(a)},
      {"Round", 1, Result::as_input, "", REAL(round_to_even(a)), INTEGER(a)},
      {"Sign", 1, Result::as_input, "", REAL(D{(a > 0) - (a < 0) + 0.0}), INTEGER((a > 0) - (a < 0))},
      {"Sigmoid", 1, Result::as_input, "sigmoid({a})", REAL(sigmoid(a)), nullptr},
      {"HardSigmoid", 1, Result::as_input, "max(0, min(1, {p} * {a} + {q}))",
       REAL(std::max(0.0, std::min(1.0, p * a + q))), nullptr, {{"alpha", 0.2}, {"beta", 0.5}}},
      {"HardSwish", 1, Result::as_input, "{a} * max(0, min(1, {a} / 6 + 0.5))",
       REAL(a * std::max(0.0, std::min(1.0, a / 6 + 0.5))), nullptr},
      {"Relu", 1, Result::as_input, "relu({a})", REAL(std::max(a, 0.0)), INTEGER(std::max(a, I{0}))},
      {"LeakyRelu", 1, Result::as_input, "select({a} < 0, {p} * {a}, {a})", REAL(a < 0 ? p * a : a), nullptr,
       {{"alpha", 0.01}}},
      {"PRelu", 2, Result::as_input, "select({a} < 0, {b} * {a}, {a})", REAL(a < 0 ? b * a : a), nullptr},
      {"Elu", 1, Result::as_input, "select({a} < 0, {p} * (exp(min({a}, 0)) - 1), {a})",
       REAL(a < 0 ? p * std::expm1(a) : a), nullptr, {{"alpha", 1}}},
      {"Selu", 1, Result::as_input, "{q} * select({a} < 0, {p} * (exp(min({a}, 0)) - 1), {a})",
       REAL(q * (a < 0 ? p * std::expm1(a) : a)), nullptr,
       {{"alpha", 1.67326319217681884765625}, {"gamma", 1.05070102214813232421875}}},
      {"Softplus", 1, Result::as_input, "max({a}, 0) + log(1 + exp(-abs({a})))", REAL(softplus(a)), nullptr},
      {"Softsign", 1, Result::as_input, "{a} / (1 + abs({a}))", REAL(a / (1 + std::abs(a))), nullptr},
      {"Clip", 1, Result::as_input, "min({q}, max({p}, {a}))", REAL(std::min(q, std::max(p, a))), nullptr,
       {{"min", -std::numeric_limits<D>::infinity()}, {"max", std::numeric_limits<D>::infinity()}}},
      {"Gelu", 1, Result::as_input, "gelu({a})", REAL(0.5 * a * (1 + std::erf(a / std::sqrt(2.0)))), nullptr},
      {"Mish", 1, Result::as_input, "{a} * tanh(max({a}, 0) + log(1 + exp(-abs({a}))))",
       REAL(a * std::tanh(softplus(a))), nullptr},
      {"Identity", 1, Result::as_input, "{a}", REAL(a), INTEGER(a)},
      {"Dropout", 1, Result::as_input, "{a}", REAL(a), INTEGER(a)},
      {"Not", 1, Result::boolean, "select({a} != 0, 0, 1)", REAL(a == 0), INTEGER(a == 0)},
      {"And", 2, Result::boolean, "min({a}, {b})", REAL(a != 0 && b != 0), INTEGER(a != 0 && b != 0)},
      {"Or", 2, Result::boolean, "max({a}, {b})", REAL(a != 0 || b != 0), INTEGER(a != 0 || b != 0)},
      {"Xor", 2, Result::boolean, "{a} != {b}", REAL((a != 0) != (b != 0)), INTEGER((a != 0) != (b != 0))},
      {"Equal", 2, Result::boolean, "{a} == {b}", REAL(a == b), INTEGER(a == b)},
      {"Less", 2, Result::boolean, "{a} < {b}", REAL(a < b), INTEGER(a < b)},
      {"Greater", 2, Result::boolean, "{a} > {b}", REAL(a > b), INTEGER(a > b)},
      {"LessOrEqual", 2, Result::boolean, "{a} <= {b}", REAL(a <= b), INTEGER(a <= b)},
      {"GreaterOrEqual", 2, Result::boolean, "{a} >= {b}", REAL(a >= b), INTEGER(a >= b)},
      {"IsNaN", 1, Result::boolean, "select({a} == {a}, 0, 1)", REAL(std::isnan(a)), INTEGER((void(a), 0))},
      {"IsInf", 1, Result::boolean, "", REAL(std::isinf(a)), INTEGER((void(a), 0))},
      {"Where", 3, Result::as_second, "select({a} != 0, {b}, {c})", REAL(a != 0 ? b : c), INTEGER(a != 0 ? b : c)},
  };
  return all;
}

std::string number(double value) {
  if (std::isinf(value)) return value < 0 ? "(-inf)" : "inf";
  return value < 0 ? fmt::format("({:.9g})", value) : fmt::format("{:.9g}", value);
}

}  // namespace

const ScalarFunction* find_scalar_function(std::string_view op) {
  const auto& all = functions();
  const auto it = std::find_if(all.begin(), all.end(), [&](const auto& f) { return op == f.op; });
  return it == all.end() ? nullptr : &*it;
}

std::vector<double> scalar_parameters(const ScalarFunction& function, const OpCall& call) {
  std::vector<double> values;
  for (std::size_t i = 0; i < function.parameters.size(); ++i) {
    const auto& parameter = function.parameters[i];
    values.push_back(call.node->real(parameter.attribute, parameter.otherwise));
    if (call.node->op == "Clip" && call.has(i + 1)) values.back() = read_real(call.in(i + 1), 0);
  }
  values.resize(2);
  return values;
}

std::size_t element_inputs(const OpCall& call) {
  const ScalarFunction* function = find_scalar_function(call.node->op);
  if (function == nullptr) return 0;
  return function->arity < 0 ? call.inputs.size() : static_cast<std::size_t>(function->arity);
}

std::optional<std::string> scalar_expression(const OpCall& call, const std::vector<std::string>& arguments) {
  const ScalarFunction* function = find_scalar_function(call.node->op);
  if (function == nullptr || *function->expression == '\0' || arguments.empty()) return std::nullopt;
  for (std::size_t i = arguments.size(); i < call.inputs.size(); ++i)
    if (!call.known(i)) return std::nullopt;
  const auto parameters = scalar_parameters(*function, call);
  const auto print = [&](const std::string& a, const std::string& b, const std::string& c) {
    return "(" + fmt::format(fmt::runtime(function->expression), fmt::arg("a", a), fmt::arg("b", b), fmt::arg("c", c),
                             fmt::arg("p", number(parameters[0])), fmt::arg("q", number(parameters[1]))) + ")";
  };
  const auto argument = [&](std::size_t i) { return i < arguments.size() ? arguments[i] : std::string(); };
  if (function->arity >= 0) return print(argument(0), argument(1), argument(2));
  std::string all = arguments.front();
  for (std::size_t i = 1; i < arguments.size(); ++i) all = print(all, arguments[i], "");
  return all;
}

}  // namespace perftune
