#include "executor/rounding_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>

#include "recipes/number_format.hpp"

namespace perftune {
namespace {

// Fast device functions are within a few units (CUDA C++ Programming Guide, "Mathematical
// Functions Appendix": 2 for exp, log, rsqrt, sqrt, division; 5 for gelu's erf chains).
constexpr double function_ulps = 8;
constexpr double division_ulps = 4;

double function_value(Function function, double x) {
  switch (function) {
    case Function::exp:
      return std::exp(x);
    case Function::log:
      return std::log(x);
    case Function::sqrt:
      return std::sqrt(x);
    case Function::rsqrt:
      return 1 / std::sqrt(x);
    case Function::tanh:
      return std::tanh(x);
    case Function::erf:
      return std::erf(x);
    case Function::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Function::gelu:
      return x / 2 * std::erfc(-x / std::numbers::sqrt2);
    case Function::silu:
      return x / (1 + std::exp(-x));
    default:
      std::abort();
  }
}

// What the error of the argument does to a monotone function; gelu and silu are not monotone, but
// nowhere steeper than 1.13.
double propagated(Function function, const Approximate& x, double at_x) {
  if (x.error == 0) return 0;
  if (function == Function::gelu || function == Function::silu) return 1.13 * x.error;
  const double below = function_value(function, x.value - x.error);
  const double above = function_value(function, x.value + x.error);
  const double spread = std::max(std::abs(above - at_x), std::abs(at_x - below));
  return std::isnan(spread) ? std::numeric_limits<double>::infinity() : spread;
}

Approximate smooth(Function function, const Approximate& x, const RoundingModel& model) {
  const double value = function_value(function, x.value);
  double own = function_ulps * model.unit * std::abs(value);
  switch (function) {
    case Function::exp:  // 2^(x log2 e): the product's rounding is an absolute error of the
                         // exponent
      own += 2 * model.unit * std::abs(x.value) * value;
      break;
    case Function::sigmoid:
    case Function::silu:
      own += 2 * model.unit * std::abs(x.value * value);
      break;
    case Function::gelu:  // 1 + erf cancels for negative arguments
      own += function_ulps * model.unit * std::abs(x.value);
      break;
    case Function::log:  // near 1 the argument's distance from it counts
    case Function::tanh:
    case Function::erf:
      own += model.unit;
      break;
    default:
      break;
  }
  return {value, propagated(function, x, value) + own + model.smallest};
}

bool compare(Function function, double a, double b) {
  switch (function) {
    case Function::less:
      return a < b;
    case Function::less_equal:
      return a <= b;
    case Function::greater:
      return a > b;
    case Function::greater_equal:
      return a >= b;
    case Function::equal:
      return a == b;
    case Function::not_equal:
      return a != b;
    default:
      std::abort();
  }
}

Approximate power(const Approximate& a, const Approximate& b, const RoundingModel& model) {
  const double value = std::pow(a.value, b.value);
  double error = function_ulps * model.unit * std::abs(value);
  if (a.value != 0) {
    error += std::abs(value) * model.unit * 2 * std::abs(b.value * std::log(std::abs(a.value)));
    error += std::abs(b.value * value / a.value) * a.error;
    error += std::abs(value * std::log(std::abs(a.value))) * b.error;
  }
  return {value, error + model.smallest};
}

// Any rounding of any value within x.error; an exact x is rounded exactly, but for tf32, whose
// low bits tensor cores may cut off instead of rounding them.
Approximate cast(DType type, const Approximate& x) {
  const double value = round_to(type, x.value);
  double error = 0;
  if (x.error > 0) {
    error = std::max(std::abs(round_to(type, x.value + x.error) - value),
                     std::abs(value - round_to(type, x.value - x.error)));
  }
  if (type == DType::tf32 && value != x.value) error += std::abs(value) * epsilon(type);
  return {value, error};
}

}  // namespace

RoundingModel RoundingModel::of(DType accumulate, DType narrowest_input) {
  constexpr double single = 0x1p-24;
  if (accumulate == DType::f64) return {0x1p-53, 0x1p-53, std::numeric_limits<double>::min()};
  RoundingModel model{single, single, std::numeric_limits<float>::min()};
  if (!is_floating(accumulate)) model.accumulator = 0;
  if (accumulate == DType::f16 || accumulate == DType::bf16) {
    model.accumulator = epsilon(accumulate) / 2;
    model.smallest = accumulate == DType::f16 ? 0x1p-24 : model.smallest;
  }
  const bool eight_bit = narrowest_input == DType::f8e4m3 || narrowest_input == DType::f8e5m2;
  if (eight_bit && is_floating(accumulate)) {
    model.accumulator = std::max(model.accumulator, 0x1p-13);
  }
  return model;
}

double RoundingModel::gamma(double terms) const {
  const double worst = terms * accumulator;
  if (worst >= 0.5) return worst;
  const double usual = std::max(6 * std::sqrt(terms), terms / 4) * accumulator;
  return std::min(worst / (1 - worst), usual);
}

Approximate apply_approximately(Function function, DType cast_to, const Approximate* args,
                                const RoundingModel& model) {
  const Approximate& x = args[0];
  const double u = model.unit;
  switch (function) {
    case Function::add:
    case Function::subtract: {
      const double value =
          function == Function::add ? x.value + args[1].value : x.value - args[1].value;
      return {value, x.error + args[1].error + u * std::abs(value)};
    }
    case Function::multiply: {
      const Approximate& y = args[1];
      const double value = x.value * y.value;
      return {value, std::abs(x.value) * y.error + std::abs(y.value) * x.error + x.error * y.error +
                         u * std::abs(value) + model.smallest};
    }
    case Function::divide: {
      const Approximate& y = args[1];
      const double value = x.value / y.value;
      const double margin = std::abs(y.value) - y.error;  // of the denominator from 0
      const double grown = margin > 0 ? (x.error + std::abs(value) * y.error) / margin
                                      : std::numeric_limits<double>::infinity();
      return {value, (x.error + y.error == 0 ? 0 : grown) + division_ulps * u * std::abs(value) +
                         model.smallest};
    }
    case Function::negate:
      return {-x.value, x.error};
    case Function::abs:
      return {std::abs(x.value), x.error};
    case Function::relu:
      return {x.value < 0 ? 0 : x.value, x.error};
    case Function::minimum:
      return {std::min(x.value, args[1].value), std::max(x.error, args[1].error)};
    case Function::maximum:
      return {std::max(x.value, args[1].value), std::max(x.error, args[1].error)};
    case Function::pow:
      return power(x, args[1], model);
    case Function::select: {
      const bool taken = x.value != 0;
      Approximate result = taken ? args[1] : args[2];
      if (x.error > 0) {  // rounding may have taken the other branch
        const Approximate& other = taken ? args[2] : args[1];
        result.error = std::max(result.error, std::abs(result.value - other.value) + other.error);
      }
      return result;
    }
    case Function::cast:
      return cast(cast_to, x);
    case Function::less:
    case Function::less_equal:
    case Function::greater:
    case Function::greater_equal:
    case Function::equal:
    case Function::not_equal: {
      const double doubt = x.error + args[1].error;
      const bool unsure = doubt > 0 && std::abs(x.value - args[1].value) <= doubt;
      return {compare(function, x.value, args[1].value) ? 1.0 : 0.0, unsure ? 1.0 : 0.0};
    }
    case Function::exp:
    case Function::log:
    case Function::sqrt:
    case Function::rsqrt:
    case Function::tanh:
    case Function::erf:
    case Function::sigmoid:
    case Function::gelu:
    case Function::silu:
      return smooth(function, x, model);
  }
  std::abort();
}

ToleratedRange stored_range(DType type, Approximate x) {
  const double error = std::isnan(x.error) || std::isinf(x.value) ? 0 : x.error;
  ToleratedRange range{round_to(type, x.value - error), round_to(type, x.value + error)};
  if (type == DType::tf32) {  // stored with all bits of an f32: rounded, cut off or neither
    range.low -= std::abs(range.low) * epsilon(type);
    range.high += std::abs(range.high) * epsilon(type);
  }
  return range;
}

}  // namespace perftune
