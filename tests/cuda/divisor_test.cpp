// Division by multiplication is exact over the whole range that the device header promises.
#include "codegen/cuda/divisor.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace perftune {
namespace {

// quotient() of codegen/cuda/indexing.cuh.
std::int64_t quotient(std::int64_t n, std::int64_t packed) {
  const auto product = static_cast<std::uint64_t>(n) * static_cast<std::uint32_t>(packed);
  return static_cast<std::int64_t>(product >> static_cast<std::uint32_t>(packed >> 32));
}

TEST(Divisor, IsExactAtTheEdgesOfEveryMultiple) {
  std::mt19937_64 random(3);
  constexpr std::int64_t last = (std::int64_t{1} << 31) - 1;
  for (int i = 0; i < 20000; ++i) {
    const std::int64_t d = i < 4000 ? i + 1 : 1 + static_cast<std::int64_t>(random() % last);
    const std::int64_t packed = pack_divisor(d);
    const std::int64_t multiple = static_cast<std::int64_t>(random() % (last / d + 1)) * d;
    for (const std::int64_t n : {std::int64_t{0}, d - 1, d, multiple, multiple - 1, last / d * d,
                                 last / d * d - 1, last}) {
      if (n < 0 || n > last) continue;
      ASSERT_EQ(quotient(n, packed), n / d) << n << " / " << d;
    }
  }
}

}  // namespace
}  // namespace perftune
