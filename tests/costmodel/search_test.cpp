#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "costmodel/acquisition.hpp"
#include "costmodel/belief_update.hpp"
#include "costmodel/gaussian_process.hpp"
#include "costmodel/replay.hpp"
#include "costmodel/space_coordinates.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

TEST(ExpectedImprovement, GrowsWithGainAndWithDoubt) {
  const double best = 1;
  EXPECT_GT(expected_improvement({0.8, 0.1}, best), expected_improvement({0.9, 0.1}, best));
  EXPECT_GT(expected_improvement({1.2, 0.5}, best), expected_improvement({1.2, 0.1}, best));
  EXPECT_DOUBLE_EQ(expected_improvement({0.7, 0}, best), best - 0.7);
  EXPECT_DOUBLE_EQ(expected_improvement({1.3, 0}, best), 0);
  EXPECT_NEAR(expected_improvement({1, 1}, best), 0.39894, 1e-5);  // density of the normal at 0
}

TEST(ChooseBatch, PrefersAnotherPlaceOverATwin) {
  const std::vector<Belief> beliefs = {{0.5, 0.1}, {0.51, 0.1}, {0.6, 0.1}};
  const std::vector<double> points = {0, 0.01, 5};
  const std::vector<std::size_t> batch = choose_batch(beliefs, points, 1, 1, 2);
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch[0], 0u);
  EXPECT_EQ(batch[1], 2u);
}

TEST(UpdateBeliefs, WithoutMeasurementsKeepsTheMeansAndAddsTheSharedDoubt) {
  const std::vector<Belief> beliefs{{1, 0.1}, {2, 0.2}};
  const std::vector<double> points{0, 1};
  const auto out = update_beliefs(beliefs, points, 1, {});
  EXPECT_EQ(out[0].log_time, 1);
  EXPECT_NEAR(out[1].sigma, std::hypot(BeliefPrior{}.shared, 0.2), 1e-12);
}

TEST(UpdateBeliefs, AMeasurementMovesAllByWhatTheyShareAndTwinsByMore) {
  const std::vector<Belief> beliefs{{1, 0.2}, {1, 0.2}, {1, 0.2}};
  const std::vector<double> points{0, 0.01, 1};
  const std::vector<Measured> measured{{0, 1.4}};
  const auto out = update_beliefs(beliefs, points, 1, measured);
  EXPECT_NEAR(out[0].log_time, 1.4, 0.01);
  EXPECT_LT(out[0].sigma, 0.02) << "known but for the measurement's noise";
  EXPECT_GT(out[1].log_time, out[2].log_time + 0.02) << "its twin follows it more closely";
  EXPECT_GT(out[2].log_time, 1.1) << "the whole operator is slower than believed";
  EXPECT_LT(out[2].log_time, 1.4);
  EXPECT_LT(out[1].sigma, out[2].sigma);
}

TEST(UpdateBeliefs, TwoMeasurementsOfOneCandidateAgreeOnTheirMean) {
  const std::vector<Belief> beliefs{{1, 0.2}, {1, 0.2}};
  const std::vector<double> points{0, 1};
  const std::vector<Measured> measured{{0, 1.18}, {0, 1.22}};
  EXPECT_NEAR(update_beliefs(beliefs, points, 1, measured)[0].log_time, 1.2, 0.002);
}

TEST(UpdateBeliefs, MeasurementsAsBelievedMakeSureAndSurprisesMakeUnsure) {
  const std::vector<Belief> beliefs{{1, 0.2}, {1.1, 0.2}, {1.2, 0.2}, {1.3, 0.2}};
  const std::vector<double> points{0, 0.5, 1, 2};
  const std::vector<Measured> as_believed{{0, 1}, {1, 1.1}, {2, 1.2}}, surprising{{0, 1.4}, {1, 0.7}, {2, 1.5}};
  const double sure = update_beliefs(beliefs, points, 1, as_believed)[3].sigma;
  const double unsure = update_beliefs(beliefs, points, 1, surprising)[3].sigma;
  EXPECT_LT(2 * sure, unsure);
  BeliefPrior fixed;
  fixed.scale_spread = 0;
  EXPECT_DOUBLE_EQ(update_beliefs(beliefs, points, 1, as_believed, fixed)[3].sigma,
                   update_beliefs(beliefs, points, 1, surprising, fixed)[3].sigma);
}

TEST(GaussianProcess, InterpolatesAndIsUnsureBetween) {
  const std::vector<double> points = {0, 0.25, 0.75, 1};
  const std::vector<double> values = {0, 1, 1, 0};
  const GaussianProcess gp = GaussianProcess::fit(points, 1, values);
  const std::vector<Belief> at = gp.predict(std::vector<double>{0.25, 0.5});
  EXPECT_NEAR(at[0].log_time, 1, 0.05);
  EXPECT_LT(at[0].sigma, 0.05);
  EXPECT_GT(at[1].sigma, 2 * at[0].sigma);
}

TEST(SpaceCoordinates, OffersQuotientsWhereOneParameterDividesAnother) {
  // tile, threads, unroll, constant, vector: threads divide every tile, though 16 is no multiple of 32; any
  // vector divides any tile; unroll divides none.
  const std::vector<double> values = {16, 8, 3, 7, 1,  32, 8, 3, 7, 2,  32, 32, 5, 7, 4,  64, 32, 3, 7, 1};
  SpaceCoordinates at(values, 5);
  ASSERT_EQ(at.width(), 4u) << "the constant has no coordinate";
  EXPECT_EQ(at.alternatives(0), 2u);
  EXPECT_EQ(at.alternatives(1), 1u);
  EXPECT_EQ(at.alternatives(2), 1u);
  EXPECT_DOUBLE_EQ(at.row(1)[0], 0.5) << "tiles by their logarithm";
  at.choose(0, 1);  // 2, 4, 1, 2
  EXPECT_DOUBLE_EQ(at.row(0)[0], 0.5);
  EXPECT_DOUBLE_EQ(at.row(1)[0], 1);
  EXPECT_DOUBLE_EQ(at.row(2)[0], 0);
  EXPECT_DOUBLE_EQ(at.row(2)[1], 1) << "the divisor stays";
}

// A bowl over a grid of four parameters, with a fifth that does not matter and failed corners.
RecordedSpace bowl() {
  RecordedSpace space;
  space.parameters = {"a", "b", "c", "d", "idle"};
  for (int a = 0; a < 8; ++a)
    for (int b = 0; b < 8; ++b)
      for (int c = 0; c < 6; ++c)
        for (int d = 0; d < 3; ++d)
          for (int idle = 0; idle < 2; ++idle) {
            for (const int v : {a, b, c, d, idle}) space.values.push_back(std::exp2(v));
            const double cost = std::pow(a - 5, 2) + std::pow(b - 2, 2) + 2 * std::pow(c - 3, 2) + std::pow(d - 1, 2);
            space.times.push_back(a == 7 && b == 7 ? std::nan("") : 1 + 0.1 * cost);
          }
  return space;
}

TEST(Replay, TheModelFindsWhatRandomDrawsMiss) {
  const RecordedSpace space = bowl();
  int model_wins = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const auto by_model = replay(space, ReplaySearch::model, 40, seed);
    const auto by_chance = replay(space, ReplaySearch::random, 40, seed);
    ASSERT_EQ(by_model.size(), 40u);
    EXPECT_LE(by_model.back(), 1.1) << seed;
    model_wins += by_model.back() <= by_chance.back();
  }
  EXPECT_EQ(model_wins, 5);
}

TEST(Replay, IsDeterministicAndStopsAtTheSpacesEnd) {
  RecordedSpace space{{"a"}, {1, 2, 4}, {3, 2, 1}};
  EXPECT_EQ(replay(space, ReplaySearch::model, 100, 1), replay(space, ReplaySearch::model, 100, 1));
  EXPECT_EQ(replay(space, ReplaySearch::model, 100, 1).size(), 3u);
  EXPECT_EQ(replay(space, ReplaySearch::model, 100, 1).back(), 1);
}

TEST(Replay, ASpaceOfFailuresIsAClearError) {
  const RecordedSpace space{{"a"}, {1, 2}, {0, std::nan("")}};
  EXPECT_THROW(space.best(), Error);
  EXPECT_EQ(replay(space, ReplaySearch::model, 5, 1).back(), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace perftune
