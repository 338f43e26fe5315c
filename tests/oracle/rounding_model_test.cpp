// The tolerance is wide enough for what correct arithmetic does, and not much wider.
#include "executor/rounding_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "recipes/number_format.hpp"

namespace perftune {
namespace {

TEST(RoundingModel, GammaIsTheSmallerOfWorstAndProbable) {
  const RoundingModel model = RoundingModel::of(DType::f32, DType::f32);
  EXPECT_NEAR(model.gamma(4) / (4 * 0x1p-24), 1, 1e-6);          // worst case: n u
  EXPECT_NEAR(model.gamma(10'000) / (2500 * 0x1p-24), 1, 1e-6);  // truncation: n/4 u
  EXPECT_NEAR(model.gamma(100) / (60 * 0x1p-24), 1, 1e-6);       // probable: 6 sqrt(n) u
  EXPECT_EQ(RoundingModel::of(DType::i32, DType::i8).gamma(1000), 0);
  EXPECT_GT(RoundingModel::of(DType::f32, DType::f8e4m3).gamma(100), model.gamma(100) * 1000);
}

// Sums in f32 in the worst order a kernel uses, and rounded down as tensor cores do.
TEST(RoundingModel, CoversSumsInSingle) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const RoundingModel model = RoundingModel::of(DType::f32, DType::f32);
  for (const int terms : {3, 50, 1000, 20'000}) {
    for (int trial = 0; trial < 50; ++trial) {
      double exact = 0;
      double magnitude = 0;
      float single = 0;
      for (int i = 0; i < terms; ++i) {
        const auto a = static_cast<float>(uniform(random));
        const auto b = static_cast<float>(uniform(random));
        single += a * b;
        exact += static_cast<double>(a) * b;
        magnitude += std::abs(static_cast<double>(a) * b);
      }
      EXPECT_LE(std::abs(single - exact), (model.gamma(terms) + model.unit) * magnitude) << terms;
    }
  }
}

TEST(RoundingModel, FunctionsCarryTheErrorOfTheirArgument) {
  const RoundingModel model = RoundingModel::of(DType::f32, DType::f32);
  std::mt19937_64 random(12);
  std::uniform_real_distribution<double> uniform(-4, 4);
  for (const Function f : {Function::exp, Function::tanh, Function::erf, Function::sigmoid,
                           Function::gelu, Function::silu, Function::relu, Function::abs}) {
    for (int trial = 0; trial < 200; ++trial) {
      const double x = uniform(random);
      const Approximate argument{x, 1e-3};
      const Approximate result = apply_approximately(f, DType::f32, &argument, model);
      for (const double at : {x - 1e-3, x + 1e-3}) {
        const Approximate shifted{at, 0};
        const double value = apply_approximately(f, DType::f32, &shifted, model).value;
        EXPECT_LE(std::abs(value - result.value), result.error + 1e-15) << name(f) << " at " << x;
      }
      EXPECT_LT(result.error, 1e-3 * std::exp(4.1)) << name(f) << " at " << x;
    }
  }
}

TEST(RoundingModel, AnUnsureComparisonAllowsBothBranches) {
  const RoundingModel model = RoundingModel::of(DType::f32, DType::f32);
  const Approximate near_zero[2] = {{1e-6, 1e-5}, {0, 0}};
  const Approximate positive = apply_approximately(Function::greater, DType::f32, near_zero, model);
  EXPECT_EQ(positive.error, 1);
  const Approximate choice[3] = {positive, {10, 0}, {20, 0}};
  const Approximate selected = apply_approximately(Function::select, DType::f32, choice, model);
  EXPECT_EQ(selected.value, 10);
  EXPECT_EQ(selected.error, 10);
}

TEST(RoundingModel, StoredRangeHoldsEveryRoundingOfTheInterval) {
  const ToleratedRange exact = stored_range(DType::f16, {1.0 / 3, 0});
  EXPECT_EQ(exact.low, exact.high);
  EXPECT_EQ(exact.low, round_to(DType::f16, 1.0 / 3));
  // A value just below a rounding boundary with an error that crosses it.
  const ToleratedRange both = stored_range(DType::f16, {1 + 0x1p-11 - 1e-9, 1e-8});
  EXPECT_EQ(both.low, 1);
  EXPECT_EQ(both.high, 1 + 0x1p-10);
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(stored_range(DType::f32, {inf, inf}).low, inf);
}

}  // namespace
}  // namespace perftune
