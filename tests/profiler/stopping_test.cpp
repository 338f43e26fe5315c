#include "profiler/stopping.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

namespace perftune {
namespace {

using Verdict = StoppingRule::Verdict;

struct Fed {
  Verdict verdict = Verdict::more;
  StoppingRule rule{StoppingOptions{}};
  int rounds = 0;
};

// Feeds samples (of per-launch microseconds, each taking 100 us of sampling) until told to stop.
Fed feed(const std::function<double(int)>& sample, StoppingOptions options = {}) {
  Fed run{Verdict::more, StoppingRule(options), 0};
  while (run.verdict == Verdict::more) {
    run.verdict = run.rule.add(sample(run.rounds), 100e-6 * (run.rounds + 1));
    ++run.rounds;
    if (run.rounds > 2 * options.max_rounds) break;  // a rule that never ends fails below
  }
  return run;
}

TEST(Stopping, AStableSequenceStopsEarly) {
  std::mt19937 random(1);
  std::normal_distribution<double> time(10, 0.02);
  const Fed run = feed([&](int) { return time(random); });
  EXPECT_EQ(run.verdict, Verdict::stable);
  EXPECT_FALSE(run.rule.noisy());
  EXPECT_LT(run.rounds, 150);
  EXPECT_NEAR(run.rule.timing().median_us, 10, 0.02);
}

TEST(Stopping, NeverBeforeTheLeastRoundsAndTime) {
  StoppingOptions options;
  options.min_rounds = 12;
  options.min_seconds = 0;
  EXPECT_EQ(feed([](int) { return 3.0; }, options).rounds, 12);
  options.min_seconds = 0.010;
  EXPECT_EQ(feed([](int) { return 3.0; }, options).rounds, 100);
}

TEST(Stopping, NoiseIsAveragedOut) {
  std::mt19937 random(2);
  std::lognormal_distribution<double> time(std::log(10.0), 0.10);
  const Fed run = feed([&](int) { return time(random); });
  EXPECT_EQ(run.verdict, Verdict::stable);
  EXPECT_GT(run.rounds, 150);
  EXPECT_NEAR(run.rule.timing().median_us, 10, 0.3);
  EXPECT_NEAR(run.rule.timing().spread, 2 * 0.6745 * 0.10, 0.03);
}

TEST(Stopping, ADriftRunsToTheLimitAndIsNoisy) {
  const Fed run = feed([](int i) { return 10.0 + 0.004 * i; });
  EXPECT_EQ(run.verdict, Verdict::limit);
  EXPECT_TRUE(run.rule.noisy());
  EXPECT_NE(run.rule.why().find("drift"), std::string::npos);
}

TEST(Stopping, TwoAlternatingSpeedsAreNoisy) {
  std::mt19937 random(3);
  std::bernoulli_distribution slow(0.5);
  const Fed run = feed([&](int) { return slow(random) ? 20.0 : 10.0; });
  EXPECT_EQ(run.verdict, Verdict::limit);
  EXPECT_TRUE(run.rule.noisy());
}

TEST(Stopping, RareOutliersDoNotMatter) {
  std::mt19937 random(4);
  std::bernoulli_distribution interrupted(0.05);
  const Fed run = feed([&](int) { return interrupted(random) ? 500.0 : 10.0; });
  EXPECT_EQ(run.verdict, Verdict::stable);
  EXPECT_DOUBLE_EQ(run.rule.timing().median_us, 10);
}

TEST(Stopping, AKernelLongerThanTheLimitGetsItsFewestRounds) {
  StoppingOptions options;
  options.max_seconds = 100e-6;  // one sample
  const Fed fed = feed([](int) { return 1.0; }, options);
  EXPECT_EQ(fed.verdict, Verdict::limit);
  EXPECT_EQ(fed.rounds, 3);
  EXPECT_FALSE(fed.rule.noisy());
  const Fed uneven = feed([](int i) { return 1.0 + 0.2 * i; }, options);
  EXPECT_EQ(uneven.rounds, 3);
  EXPECT_TRUE(uneven.rule.noisy());
}

TEST(Stopping, AKernelFarLongerThanTheLimitIsNotWaitedForForEver) {
  StoppingOptions options;
  options.max_seconds = 4e-6;  // a sample takes 25 limits
  const Fed fed = feed([](int) { return 1.0; }, options);
  EXPECT_EQ(fed.verdict, Verdict::limit);
  EXPECT_EQ(fed.rounds, 1);
  EXPECT_TRUE(fed.rule.noisy());
  EXPECT_EQ(fed.rule.timing().median_us, 1);
}

TEST(Stopping, BadSamplesAreDroppedAndNothingIsNaN) {
  const double bad[] = {std::numeric_limits<double>::quiet_NaN(), 0, -1,
                        std::numeric_limits<double>::infinity()};
  const Fed only = feed([&](int i) { return bad[i % 4]; });
  EXPECT_EQ(only.verdict, Verdict::limit);
  EXPECT_TRUE(only.rule.noisy());
  EXPECT_EQ(only.rule.timing().median_us, 0);
  EXPECT_FALSE(only.rule.why().empty());

  const Fed some = feed([&](int i) { return i % 2 ? bad[i / 2 % 4] : 10.0; });
  EXPECT_EQ(some.verdict, Verdict::stable);
  EXPECT_EQ(some.rule.timing().median_us, 10);
  EXPECT_GT(some.rule.dropped(), 0);
}

TEST(Stopping, OptionsComeFromThePolicy) {
  Policy policy;
  policy.min_rounds = 9;
  policy.max_seconds = 0.25;
  EXPECT_EQ(StoppingOptions::from(policy).min_rounds, 9);
  EXPECT_EQ(StoppingOptions::from(policy).max_seconds, 0.25);
}

}  // namespace
}  // namespace perftune
