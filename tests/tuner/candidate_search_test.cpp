// What is measured next, with and without a model.
#include "tuner/candidate_search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "costmodel/features.hpp"
#include "db/records.hpp"
#include "recipes/operator_file.hpp"
#include "tests/tuner/replay.hpp"
#include "tuner/training_set.hpp"

namespace perftune {
namespace {

// Forty candidates that the white box orders by their number, while the truth is that one knob costs
// half as much again.
class Search : public testing::Test {
 protected:
  Search() {
    op_ = parse_operator_text(R"yaml(name: gemm
dims: {m: 64, n: 64, k: 64}
inputs: {A: "f32[m,k]", B: "f32[k,n]"}
outputs: {C: "f32[m,n]"}
compute: ["C[m,n] = sum[k](A[m,k] * B[k,n])"]
)yaml", "gemm.yaml").front().op;
    hardware_.name = "fake";
    for (int i = 0; i < 40; ++i) {
      Ranked r;
      r.program = {"contraction", "cpu/simd", {{"register_m", 1 + i % 5}, {"pack_a", i % 3 == 0 ? 0 : 1}}};
      r.prediction.us = 10 + 0.2 * i;
      r.is_default = i == 17;
      candidates_.push_back(std::move(r));
    }
  }

  double truth(std::size_t i) const {
    return candidates_[i].prediction.us * (candidates_[i].program.get("pack_a", 0) != 0 ? 1.5 : 1.0);
  }

  LearnedModel model(const std::string& scope) const {
    std::mt19937_64 random(1);
    std::normal_distribution<double> noise(0, 0.01);
    std::vector<TrainingRow> rows;
    for (int group = 0; group < 12; ++group)
      for (std::size_t i = 0; i < candidates_.size(); ++i) {
        const Ranked& c = candidates_[i];
        const double scale = std::exp(0.1 * group);
        Prediction p = c.prediction;
        p.us *= scale;
        rows.push_back({features(op_, hardware_, c.program, c.estimate, p), p.us,
                        truth(i) * scale * std::exp(noise(random)), group, scope});
      }
    return *LearnedModel::train(rows);
  }

  std::string scope() const {
    const HardwareRecord device = describe(hardware_);
    return model_scope(device.name, device.vendor_name, "contraction");
  }

  std::vector<std::size_t> measure(CandidateSearch& search, std::size_t most) const {
    std::vector<std::size_t> order;
    while (order.size() < most) {
      const auto chosen = search.next(most - order.size());
      if (chosen.empty()) break;
      for (const std::size_t i : chosen) {
        order.push_back(i);
        search.learn(i, truth(i));
      }
    }
    return order;
  }

  Operator op_;
  Hardware hardware_;
  std::vector<Ranked> candidates_;
};

TEST_F(Search, WithoutAModelIsTheWhiteBoxOrder) {
  CandidateSearch search(op_, hardware_, candidates_, nullptr);
  EXPECT_FALSE(search.learned());
  const auto order = measure(search, 10);
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(search.next(100).size(), 30u) << "all that is left";
  EXPECT_TRUE(search.next(100).empty());
}

TEST_F(Search, AModelOfAnotherDeviceIsSilent) {
  const LearnedModel other = model("elsewhere/Another: contraction");
  CandidateSearch search(op_, hardware_, candidates_, &other);
  EXPECT_FALSE(search.learned());
  EXPECT_EQ(search.next(3), (std::vector<std::size_t>{0, 1, 2}));
}

TEST_F(Search, AModelFindsTheBestWithFewMeasurementsAndEnds) {
  const LearnedModel knows = model(scope());
  CandidateSearch search(op_, hardware_, candidates_, &knows);
  ASSERT_TRUE(search.learned());
  const auto order = measure(search, 40);
  EXPECT_EQ(order.front(), 0u);
  EXPECT_LT(order.size(), 10u) << "nothing left can beat the first beyond noise";
  EXPECT_NE(std::find(order.begin(), order.end(), 17u), order.end()) << "the default is what a winner must beat";
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(std::unique(sorted.begin(), sorted.end()), sorted.end()) << "none is measured twice";
  const auto kept_in_place = std::count_if(order.begin(), order.end(),
                                           [&](std::size_t i) { return candidates_[i].program.get("pack_a", 0) == 0; });
  EXPECT_GE(kept_in_place + 1, static_cast<std::ptrdiff_t>(order.size()) / 2);
}

TEST_F(Search, FailuresAreReplacedAndWaitedFor) {
  const LearnedModel knows = model(scope());
  CandidateSearch search(op_, hardware_, candidates_, &knows);
  const auto first = search.next(10);
  ASSERT_FALSE(first.empty());
  EXPECT_TRUE(search.next(10).empty()) << "a batch is under way";
  for (const std::size_t i : first) search.learn(i, 0);
  const auto second = search.next(10);
  EXPECT_FALSE(second.empty()) << "all failed: others are tried";
  for (const std::size_t i : second) EXPECT_EQ(std::find(first.begin(), first.end(), i), first.end());
}

TEST(KnobPoints, AreLogarithmsBetweenZeroAndOneWithoutConstants) {
  std::vector<Ranked> candidates(3);
  for (int i = 0; i < 3; ++i)
    candidates[static_cast<std::size_t>(i)].program = {"map", "cpu/simd", {{"tasks", 1 << (2 * i)}, {"same", 8}}};
  std::size_t width = 0;
  const auto points = knob_points(candidates, width);
  ASSERT_EQ(width, 1u);
  EXPECT_EQ(points.front(), 0);
  EXPECT_EQ(points.back(), 1);
  EXPECT_GT(points[1], 0.3);
  EXPECT_LT(points[1], 0.7);
}

}  // namespace
}  // namespace perftune
