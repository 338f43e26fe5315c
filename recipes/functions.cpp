#include "recipes/functions.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace perftune {

const std::vector<FunctionEntry>& called_functions() {
  static const std::vector<FunctionEntry> entries = {
      {"min", Function::minimum, 2},  {"max", Function::maximum, 2},
      {"abs", Function::abs, 1},      {"exp", Function::exp, 1},
      {"log", Function::log, 1},      {"sqrt", Function::sqrt, 1},
      {"rsqrt", Function::rsqrt, 1},  {"tanh", Function::tanh, 1},
      {"erf", Function::erf, 1},      {"sigmoid", Function::sigmoid, 1},
      {"relu", Function::relu, 1},    {"gelu", Function::gelu, 1},
      {"silu", Function::silu, 1},    {"pow", Function::pow, 2},
      {"select", Function::select, 3}};
  return entries;
}

const FunctionEntry* find_function(std::string_view name) {
  const auto& entries = called_functions();
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const FunctionEntry& entry) { return entry.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

std::optional<Reduction> parse_reduction(std::string_view name) {
  if (name == "sum") return Reduction::sum;
  if (name == "max") return Reduction::maximum;
  if (name == "min") return Reduction::minimum;
  if (name == "prod") return Reduction::product;
  return std::nullopt;
}

bool is_commutative(Function function) {
  switch (function) {
    case Function::add:
    case Function::multiply:
    case Function::minimum:
    case Function::maximum:
    case Function::equal:
    case Function::not_equal:
      return true;
    default:
      return false;
  }
}

double evaluate(Function function, const std::vector<double>& args) {
  const double a = args.at(0);
  const double b = args.size() > 1 ? args[1] : 0.0;
  switch (function) {
    case Function::add:
      return a + b;
    case Function::subtract:
      return a - b;
    case Function::multiply:
      return a * b;
    case Function::divide:
      return a / b;
    case Function::negate:
      return -a;
    case Function::minimum:
      return std::min(a, b);
    case Function::maximum:
      return std::max(a, b);
    case Function::abs:
      return std::fabs(a);
    case Function::exp:
      return std::exp(a);
    case Function::log:
      return std::log(a);
    case Function::sqrt:
      return std::sqrt(a);
    case Function::rsqrt:
      return 1.0 / std::sqrt(a);
    case Function::tanh:
      return std::tanh(a);
    case Function::erf:
      return std::erf(a);
    case Function::sigmoid:
      return 1.0 / (1.0 + std::exp(-a));
    case Function::relu:
      return std::max(a, 0.0);
    case Function::gelu:
      return 0.5 * a * (1.0 + std::erf(a / std::numbers::sqrt2));
    case Function::silu:
      return a / (1.0 + std::exp(-a));
    case Function::pow:
      return std::pow(a, b);
    case Function::select:
      return a != 0.0 ? b : args.at(2);
    case Function::cast:
      return a;
    case Function::less:
      return a < b ? 1.0 : 0.0;
    case Function::less_equal:
      return a <= b ? 1.0 : 0.0;
    case Function::greater:
      return a > b ? 1.0 : 0.0;
    case Function::greater_equal:
      return a >= b ? 1.0 : 0.0;
    case Function::equal:
      return a == b ? 1.0 : 0.0;
    case Function::not_equal:
      return a != b ? 1.0 : 0.0;
  }
  return 0.0;
}

}  // namespace perftune
