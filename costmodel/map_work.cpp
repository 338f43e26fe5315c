#include "costmodel/map_work.hpp"

namespace perftune {
namespace {

double operations(Function function) {
  switch (function) {
    case Function::exp:
      return 16;
    case Function::log:
      return 18;
    case Function::tanh:
    case Function::sigmoid:
    case Function::silu:
      return 24;
    case Function::erf:
    case Function::gelu:
      return 30;
    case Function::pow:
      return 60;
    case Function::divide:
    case Function::sqrt:
    case Function::rsqrt:
      return 8;
    case Function::cast:
      return 4;
    default:
      return 1;
  }
}

double operations(const Expr& e) {
  double total = e.kind == Expr::Kind::apply ? operations(e.function) : 0;
  for (const ExprPtr& arg : e.args) total += operations(*arg);
  return total;
}

}  // namespace

double map_operations(const MapForm& form) {
  double total = 0;
  for (const MapResult& result : form.results) total += operations(*result.value);
  return total;
}

}  // namespace perftune
