// One reduction result under way, with what its rounding error follows from: the oracle's inner
// loops (oracle_program.hpp). Inline, because they run once per point of an iteration domain.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <span>

#include "executor/rounding_model.hpp"
#include "recipes/expression.hpp"

namespace perftune {

struct PartialReduction {
  double value = 0;
  double error = 0;      // of the terms
  double magnitude = 0;  // sum of |terms|
};

inline double start_value(Reduction reduction) {
  switch (reduction) {
    case Reduction::sum:
      return 0;
    case Reduction::product:
      return 1;
    case Reduction::maximum:
      return -std::numeric_limits<double>::infinity();
    case Reduction::minimum:
      return std::numeric_limits<double>::infinity();
  }
  std::abort();
}

inline void accumulate(PartialReduction& partial, Reduction reduction, double value, double error) {
  switch (reduction) {
    case Reduction::sum:
      partial.value += value;
      partial.magnitude += std::abs(value);
      partial.error += error;
      return;
    case Reduction::product:
      partial.error =
          std::abs(partial.value) * error + std::abs(value) * partial.error + partial.error * error;
      partial.value *= value;
      return;
    case Reduction::maximum:
    case Reduction::minimum: {
      const bool better =
          reduction == Reduction::maximum ? value > partial.value : value < partial.value;
      if (better || std::isnan(value)) partial.value = value;
      partial.error = std::max(partial.error, error);
      return;
    }
  }
}

inline Approximate finish(const PartialReduction& partial, Reduction reduction, double terms,
                          const RoundingModel& model) {
  double error = partial.error;
  if (reduction == Reduction::sum) error += model.gamma(terms) * partial.magnitude;
  if (reduction == Reduction::product) error += model.gamma(terms) * std::abs(partial.value);
  return {partial.value, error};
}

// Adds a row of terms to a sum; `errors` is empty when all are 0.
inline void sum_row(PartialReduction& partial, std::span<const double> values,
                    std::span<const double> errors) {
  double value = 0;
  double magnitude = 0;
  double error = 0;
  for (const double term : values) {
    value += term;
    magnitude += std::abs(term);
  }
  for (const double of : errors) error += of;
  partial.value += value;
  partial.magnitude += magnitude;
  partial.error += error;
}

}  // namespace perftune
