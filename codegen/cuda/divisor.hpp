// The host's half of codegen/cuda/indexing.cuh: divisors as a kernel takes them.
#pragma once

#include <bit>
#include <cstdint>

namespace perftune {

// For 1 <= divisor < 2^31: multiplier in the low half, shift in the high half. quotient() in
// indexing.cuh is then exact for every 0 <= n < 2^31.
constexpr std::int64_t pack_divisor(std::int64_t divisor) {
  const auto log2 = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(divisor - 1)));
  const int shift = 31 + log2;
  const auto numerator = (std::uint64_t{1} << shift) + static_cast<std::uint64_t>(divisor) - 1;
  const auto multiplier = numerator / static_cast<std::uint64_t>(divisor);
  return static_cast<std::int64_t>(multiplier | static_cast<std::uint64_t>(shift) << 32);
}

}  // namespace perftune
