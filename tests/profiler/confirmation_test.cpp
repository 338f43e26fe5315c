#include "profiler/confirmation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "profiler/interleaving.hpp"
#include "profiler/plausibility.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

// Rounds in which the machine as a whole slows down and recovers, with `noise` on each sample.
InterleavedSamples rounds(const std::vector<double>& true_us, double noise, int count,
                          unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> jitter(1, noise);
  std::uniform_real_distribution<double> machine(1, 2);
  InterleavedSamples samples;
  samples.kernels_us.resize(true_us.size());
  for (int round = 0; round < count; ++round) {
    const double slow = machine(random);
    for (std::size_t i = 0; i < true_us.size(); ++i) {
      samples.kernels_us[i].push_back(true_us[i] * slow * jitter(random));
    }
    samples.control_us.push_back(true_us[0] * slow * jitter(random));
  }
  return samples;
}

TEST(Confirmation, RatiosSeeThroughADriftingMachine) {
  const Confirmed confirmed = decide(rounds({10.5, 10.0, 12.0}, 0.005, 41, 1));
  EXPECT_EQ(confirmed.fastest, 1u);
  EXPECT_NEAR(confirmed.ratios[0], 1.05, 0.01);
  EXPECT_NEAR(confirmed.ratios[2], 1.20, 0.01);
  EXPECT_TRUE(confirmed.ties.empty());
  EXPECT_LT(confirmed.noise, 0.01);
  EXPECT_GT(confirmed.timings[1].spread, 0.1);  // the same samples, looked at alone
}

TEST(Confirmation, WithinOnePercentIsATie) {
  const Confirmed confirmed = decide(rounds({10.05, 10.0, 10.3}, 0.001, 41, 2));
  EXPECT_EQ(confirmed.fastest, 1u);
  EXPECT_EQ(confirmed.ties, std::vector<std::size_t>{0});
}

TEST(Confirmation, WithinTheControlsNoiseIsATie) {
  InterleavedSamples samples = rounds({10.0, 10.3}, 0.001, 41, 3);
  EXPECT_TRUE(decide(samples).ties.empty());
  for (double& us : samples.control_us) us *= 1.05;  // two copies of one kernel differ by 5 %
  const Confirmed confirmed = decide(samples);
  EXPECT_GT(confirmed.noise, 0.04);
  EXPECT_EQ(confirmed.ties, std::vector<std::size_t>{1});
}

TEST(Confirmation, RoundsThatCannotTellTwoKernelsApartReportATie) {
  // 3 % apart with 10 % of jitter: five rounds cannot tell, four hundred can.
  EXPECT_EQ(decide(rounds({10.0, 10.3}, 0.1, 5, 6)).ties.size(), 1u);
  EXPECT_TRUE(decide(rounds({10.0, 10.6}, 0.02, 401, 6)).ties.empty());
}

TEST(Confirmation, OneKernelWins) {
  const Confirmed confirmed = decide(rounds({10.0}, 0.01, 5, 4));
  EXPECT_EQ(confirmed.fastest, 0u);
  EXPECT_EQ(confirmed.ratios, std::vector<double>{1.0});
}

TEST(Interleaving, GoesOnUntilTheControlIsQuiet) {
  std::mt19937 random(5);
  std::normal_distribution<double> quiet(10, 0.001);
  std::normal_distribution<double> loud(10, 1.0);
  InterleavingLimits limits;
  limits.min_seconds = 0;
  const auto calm = interleave(2, 1, limits, [&](std::size_t) { return quiet(random); });
  EXPECT_EQ(calm.control_us.size(), 15u);
  const auto noisy = interleave(2, 1, limits, [&](std::size_t) { return loud(random); });
  EXPECT_GT(noisy.control_us.size(), 100u);
  EXPECT_LE(control_noise(noisy), 0.01);
  EXPECT_EQ(noisy.kernels_us[0].size(), noisy.control_us.size());
  EXPECT_EQ(noisy.kernels_us[1].size(), noisy.control_us.size());
}

TEST(Interleaving, EndsAtItsLimitAndWithAKernelThatFails) {
  InterleavingLimits limits;
  limits.max_seconds = 0;
  int calls = 0;
  const auto few = interleave(3, 1, limits, [&](std::size_t) { return 1.0 + ++calls % 7; });
  EXPECT_EQ(few.control_us.size(), 5u);
  calls = 0;
  const auto failed =
      interleave(3, 1, limits, [&](std::size_t) { return ++calls < 9 ? 1.0 : 0.0; });
  EXPECT_EQ(calls, 9);
  EXPECT_TRUE(failed.kernels_us.empty());
}

TEST(Interleaving, EveryRoundHasItsOwnOrder) {
  InterleavingLimits limits;
  limits.min_seconds = 0;
  std::vector<std::size_t> order;
  interleave(3, 1, limits, [&](std::size_t i) {
    order.push_back(i);
    return 1.0;
  });
  ASSERT_EQ(order.size(), 15u * 4);
  int changes = 0;
  for (std::size_t round = 0; round + 1 < 15; ++round) {
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(4 * round);
    EXPECT_TRUE(
        std::is_permutation(begin, begin + 4, std::vector<std::size_t>{0, 1, 2, 3}.begin()));
    changes += !std::equal(begin, begin + 4, begin + 4);
  }
  EXPECT_GT(changes, 8);
}

class PlausibilityTest : public testing::Test {
 protected:
  PlausibilityTest() {
    op_ = parse_operator_text(
              "name: mm\ndims: {m: 1024, n: 1024, k: 1024}\n"
              "inputs: {A: \"f32[m,k]\", B: \"f32[k,n]\"}\noutputs: {C: \"f32[m,n]\"}\n"
              "compute:\n  - C[m,n] = sum[k](A[m,k] * B[k,n])\n",
              "test")[0]
              .op;
    cpu_.kind = Hardware::Kind::cpu;
    cpu_.cpu = {.cores = 4, .simd_bits = 256, .isa = "avx2", .clock_ghz = 2.5};
  }
  Operator op_;
  Hardware cpu_;
};

TEST_F(PlausibilityTest, ArithmeticBoundsByTheThreadsUsed) {
  Policy policy;
  policy.threads = 1;
  // 2 units x 8 lanes x 2 x 2.5 GHz = 80 GFLOP/s, and 15 % for the clock's error
  const double one = least_possible(op_, cpu_, policy).us;
  EXPECT_NEAR(one, 2.0 * 1024 * 1024 * 1024 / (80e9 * 1.15) * 1e6, one * 0.01);
  policy.threads = 4;
  EXPECT_NEAR(least_possible(op_, cpu_, policy).us, one / 4, one * 0.01);
  policy.threads = 64;  // more threads than cores add nothing
  EXPECT_NEAR(least_possible(op_, cpu_, policy).us, one / 4, one * 0.01);
}

TEST_F(PlausibilityTest, TheCacheBoundsWhatComputesLittle) {
  Policy policy;
  const Operator gemv = op_.rebind({{"m", 1}, {"n", 1024}, {"k", 1024}});
  const double by_arithmetic = least_possible(gemv, cpu_, policy).us;
  // Below what two 32-byte vectors per cycle at 2.5 GHz move, 160 GB/s: that counts instead.
  cpu_.measured["l1_gbps"] = {100, "test"};
  const LeastTime least = least_possible(gemv, cpu_, policy);
  EXPECT_GT(least.us, by_arithmetic);
  EXPECT_NEAR(least.us, gemv.compulsory_bytes() / (160e9 * 1.15) * 1e6, 0.01);
  EXPECT_TRUE(impossible(least.us * 0.9, least));
  EXPECT_FALSE(impossible(least.us * 1.1, least));
}

TEST_F(PlausibilityTest, AnUnknownMachineRejectsNothing) {
  EXPECT_FALSE(impossible(1e-9, least_possible(op_, Hardware{}, Policy{})));
  EXPECT_EQ(faster_than_dram(1e-9, op_, Hardware{}), "");
}

TEST(Comparison, VerdictsFollowTheInterval) {
  EXPECT_EQ(compare(rounds({10, 12}, 0.003, 41, 1), 1).verdict, BenchVerdict::faster);
  EXPECT_EQ(compare(rounds({10, 9}, 0.003, 41, 2), 1).verdict, BenchVerdict::slower);
  EXPECT_EQ(compare(rounds({10, 10.01}, 0.003, 201, 3), 1).verdict, BenchVerdict::same);
  const Comparison unsure = compare(rounds({10, 10.3}, 0.08, 9, 4), 1);
  EXPECT_EQ(unsure.verdict, BenchVerdict::ambiguous);
  EXPECT_LT(unsure.low, unsure.ratio);
  EXPECT_GT(unsure.high, unsure.ratio);
}

TEST(Comparison, NoiseOfTheRunWidensWhatIsTheSame) {
  InterleavedSamples samples = rounds({10, 10.4}, 0.001, 41, 5);
  EXPECT_EQ(compare(samples, 1).verdict, BenchVerdict::faster);
  for (double& us : samples.control_us) us *= 1.08;  // the copy of ours differs by more than the other does
  EXPECT_EQ(compare(samples, 1).verdict, BenchVerdict::same);
}

}  // namespace
}  // namespace perftune
