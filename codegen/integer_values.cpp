#include "codegen/integer_values.hpp"

#include <cmath>

namespace perftune {

bool is_whole(double value) { return std::nearbyint(value) == value && std::abs(value) <= 2147483647.0; }

bool picks_integers(const Expr& apply) {
  switch (apply.function) {
    case Function::minimum:
    case Function::maximum:
    case Function::select:
      return true;
    case Function::cast:
      return !is_floating(apply.type);
    default:
      return is_comparison(apply.function);
  }
}

bool keeps_integers(const Expr& apply) {
  switch (apply.function) {
    case Function::add:
    case Function::subtract:
    case Function::multiply:
    case Function::negate:
    case Function::abs:
    case Function::relu:
      return true;
    default:
      return picks_integers(apply);
  }
}

}  // namespace perftune
