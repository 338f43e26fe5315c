// A sample of bench/emulation_sweep: random programs of all targets agree with the oracle.
#include <gtest/gtest.h>

#include "bench/emulation_sweep/combination.hpp"
#include "cli/wire.hpp"

namespace perftune::bench {
namespace {

class Sweep : public ::testing::TestWithParam<int> {};

TEST_P(Sweep, AgreesWithTheOracle) {
  const Slices slices = make_slices();
  const auto seed = static_cast<std::uint64_t>(GetParam());
  const Combination drawn = draw(seed, slices);
  EXPECT_EQ(run(drawn, slices), "")
      << drawn.text() << "\nrun again: emulation_sweep --count 1 --seed " << seed;
}

INSTANTIATE_TEST_SUITE_P(Seeds, Sweep, ::testing::Range(100000, 100012));

TEST(SweepSeeds, GiveTheSameCombinationAgain) {
  const Slices slices = make_slices();
  EXPECT_EQ(draw(7, slices).text(), draw(7, slices).text());
  EXPECT_NE(draw(7, slices).text(), draw(8, slices).text());
}

}  // namespace
}  // namespace perftune::bench
