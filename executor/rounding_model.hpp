// How far a correct kernel's result may lie from the float64 result: a running error analysis
// (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.3) that the oracle
// carries along with every value, so that a tolerance follows from types, data and lengths.
//
//   basic operation    |error| <= sum over operands of |derivative| * error + u |result|
//   sum of n terms     gamma(n) * sum |terms| + sum of the terms' errors
//   monotone function  the change of the function over [x - error, x + error], plus `function_ulps`
//
// gamma(n) is the smaller of Higham's worst case n u / (1 - n u) and the larger of
//   * the probabilistic bound lambda sqrt(n) u with lambda = 6, which a correct sum exceeds with
//     probability 2 exp(-18) (Higham and Mary 2019, SIAM J. Sci. Comput. 41(5), theorem 2.4);
//   * n/4 u: tensor cores truncate where they add, at most 2 u once per 8 terms, which does not
//     average out (Fasi, Higham, Mikaitis, Pranesh 2021, PeerJ CS 7:e330, sections 4 and 5).
// Pure values; no failure.
#pragma once

#include "recipes/dtype.hpp"
#include "recipes/expression.hpp"

namespace perftune {

// A float64 result and the largest distance from it that rounding explains.
struct Approximate {
  double value = 0;
  double error = 0;
};

struct RoundingModel {
  double unit = 0;         // unit roundoff of scalar arithmetic
  double accumulator = 0;  // unit roundoff of sums; 0: exact (integers)
  double smallest = 0;     // results below it may be flushed to zero

  // Of an operator that accumulates in `accumulate`; `narrowest_input` is the coarsest of its
  // inputs' types: products of 8-bit floats are summed with about 14 bits on sm_90.
  static RoundingModel of(DType accumulate, DType narrowest_input);

  double gamma(double terms) const;
};

// Units in the last place that an implementation of a function may be off by, and its own error
// growth for large arguments.
Approximate apply_approximately(Function function, DType cast_to, const Approximate* args,
                                const RoundingModel& model);

// The tolerated interval of what is stored, both ends rounded to the output's type: rounding is
// monotone, so every value within `x.error` is stored as something in between.
struct ToleratedRange {
  double low = 0;
  double high = 0;
};
ToleratedRange stored_range(DType type, Approximate x);

}  // namespace perftune
