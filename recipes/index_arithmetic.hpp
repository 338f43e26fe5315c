// Integer arithmetic on subscripts: sums and products kept in normal form, and the interval of
// values that a subscript can take. Results that leave 63 bits are nullopt.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

std::optional<Index> add(Index a, const Index& b);
std::optional<Index> scale(Index index, std::int64_t factor);
// Floored, by a positive constant; folded where the operand is a constant or a multiple.
Index divide(const Index& index, std::int64_t divisor);
Index modulo(const Index& index, std::int64_t divisor);
bool is_constant(const Index& index);

// Smallest and largest value, both inclusive; `known` is false when a loaded value decides.
struct Interval {
  std::int64_t low = 0;
  std::int64_t high = 0;
  bool known = true;
};
std::optional<Interval> interval(const Index& index, const std::vector<Axis>& axes);

// Checked 63-bit arithmetic; division is floored, so that -1 / 2 is -1 and -1 % 2 is 1.
std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b);
std::optional<std::int64_t> checked_multiply(std::int64_t a, std::int64_t b);
std::int64_t floor_divide(std::int64_t a, std::int64_t positive);
std::int64_t floor_modulo(std::int64_t a, std::int64_t positive);

}  // namespace perftune
