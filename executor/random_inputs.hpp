// Inputs to verify and measure with: random, fixed by seed, of sizes that keep results finite.
//
//   floating       in [-1, 1), most near the middle (standard deviation 0.29): the bell of weights and
//                  activations, because values decide how much power a GPU takes and so how fast it
//                  clocks; in [0.5, 1.5) for a tensor that is read as a divisor or as the argument
//                  of log, sqrt, rsqrt or pow; uniform where elements are multiplied up
//   i8 i32         uniform in [-32, 32); u8 in [0, 64): sums over a million products fit an i32
//   bool           0 or 1
//   index tensors  uniform over the values that keep every subscript they occur in inside its
//   tensor
//
// A tensor longer than `distinct_elements` repeats after as many (an odd number, so that no tile or
// row repeats), because drawing a billion numbers takes longer than the kernel's whole tuning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

inline constexpr std::int64_t distinct_elements = 4'194'319;

// One buffer per op.inputs(), row-major. Throws Error{usage} when no index value is in bounds.
std::vector<std::vector<std::byte>> random_inputs(const Operator& op, std::uint64_t seed);

// The values that input `tensor` (Operator::tensors position) is drawn from: [low, high), whole numbers
// for integer types. Throws Error{usage} as random_inputs does.
struct ValueRange {
  double low = -1;
  double high = 1;
};
ValueRange input_range(const Operator& op, int tensor);

// Views of such buffers, as Device::load and Oracle take them.
std::vector<std::span<const std::byte>> views(const std::vector<std::vector<std::byte>>& buffers);

}  // namespace perftune
