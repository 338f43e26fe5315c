#include "profiler/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace perftune {
namespace {

TEST(Statistics, MedianAndQuantilesOfKnownSamples) {
  const std::vector<double> odd = {5, 1, 3};
  const std::vector<double> even = {4, 1, 3, 2};
  EXPECT_DOUBLE_EQ(median(odd), 3);
  EXPECT_DOUBLE_EQ(median(even), 2.5);
  EXPECT_DOUBLE_EQ(quantile(even, 0.25), 1.75);  // R: quantile(1:4, .25, type = 7)
  EXPECT_DOUBLE_EQ(quantile(even, 1), 4);
  EXPECT_DOUBLE_EQ(relative_spread(even), (3.25 - 1.75) / 2.5);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{7}), 7);
}

TEST(Statistics, IntervalUsesTheRanksOfTheSignTest) {
  // Tables of the sign test: n = 20 at 95 %: 6th smallest to 6th largest; n = 10: 2nd to 9th.
  std::vector<double> samples(20);
  for (int i = 0; i < 20; ++i) samples[static_cast<std::size_t>(i)] = i + 1;
  std::ranges::shuffle(samples, std::mt19937(1));
  const Interval twenty = median_interval(samples, 0.95);
  EXPECT_EQ(twenty.low, 6);
  EXPECT_EQ(twenty.high, 15);
  const std::vector<double> ten = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(median_interval(ten, 0.95).low, 2);
  EXPECT_EQ(median_interval(ten, 0.95).high, 9);
  // Too few for 95 %: everything.
  EXPECT_EQ(median_interval(std::vector<double>{3, 1, 2}, 0.95).low, 1);
  EXPECT_EQ(median_interval(std::vector<double>{3, 1, 2}, 0.95).high, 3);
}

TEST(Statistics, IntervalCoversTheMedianAsOftenAsItClaims) {
  std::mt19937 random(7);
  std::exponential_distribution<double> times(1.0);
  const double truth = 0.693147;
  int covered = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    std::vector<double> samples(31);
    for (double& sample : samples) sample = times(random);
    const Interval interval = median_interval(samples, 0.95);
    covered += interval.low <= truth && truth <= interval.high;
  }
  EXPECT_GE(covered, 1880);  // 94 %
  EXPECT_LE(covered, 1980);  // and not by being wide for nothing
}

TEST(Statistics, ManySamplesDoNotUnderflow) {
  std::vector<double> samples(5000);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<double>(i);
  const Interval interval = median_interval(samples, 0.95);
  // 2500 -+ 1.96 sqrt(5000) / 2
  EXPECT_NEAR(interval.low, 2500 - 69.3, 3);
  EXPECT_NEAR(interval.high, 2500 + 69.3, 3);
}

TEST(Statistics, RatiosAreByRound) {
  EXPECT_EQ(ratios(std::vector<double>{2, 9}, std::vector<double>{1, 3}),
            (std::vector<double>{2, 3}));
}

TEST(Statistics, OutliersAreNamed) {
  std::vector<double> samples(39, 10.0);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] += 0.01 * static_cast<double>(i % 5);
  EXPECT_EQ(outlier_note(samples), "");
  samples.push_back(20.04);
  EXPECT_EQ(outlier_note(samples),
            "1 of 40 samples are outliers, the largest 2.00 times the median");
}

}  // namespace
}  // namespace perftune
