#include "executor/random_inputs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/oracle/typed_buffers.hpp"

namespace perftune {
namespace {

std::vector<double> decoded(DType type, const std::vector<std::byte>& bytes) {
  std::vector<double> values(bytes.size() / size_bytes(type));
  decode(type, bytes, values);
  return values;
}

TEST(RandomInputs, AreFixedBySeedAndSpreadOverTheirRange) {
  const Operator op = operator_of(
      "name: t\ndims: {n: 10000}\ninputs: {x: \"f16[n]\", q: \"i8[n]\"}\n"
      "outputs: {y: \"f32[n]\"}\ncompute:\n  - y[n] = x[n] + q[n]\n");
  const auto first = random_inputs(op, 5);
  EXPECT_EQ(first, random_inputs(op, 5));
  EXPECT_NE(first, random_inputs(op, 6));
  const auto x = decoded(DType::f16, first[0]);
  const auto [low, high] = std::minmax_element(x.begin(), x.end());
  EXPECT_GE(*low, -1);
  EXPECT_LT(*low, -0.8);
  EXPECT_GT(*high, 0.8);
  EXPECT_LE(*high, 1);
  double sum = 0, squares = 0;
  for (const double value : x) {
    sum += value;
    squares += value * value;
  }
  EXPECT_LT(std::abs(sum / 10000), 0.015);  // five standard deviations
  EXPECT_NEAR(squares / 10000, 1.0 / 12, 0.006);  // four uniform draws: a quarter of one's variance
  const auto q = decoded(DType::i8, first[1]);
  EXPECT_EQ(std::set<double>(q.begin(), q.end()).size(), 64U);
}

TEST(RandomInputs, IndexTensorsStayInBounds) {
  const Operator op = operator_of(
      "name: t\ndims: {v: 7, d: 3, n: 500}\ninputs: {T: \"f32[v,d]\", idx: \"i32[n]\"}\n"
      "outputs: {y: \"f32[n,d]\"}\ncompute:\n  - y[n,d] = T[2 * idx[n] + 1, d]\n");
  const auto idx = decoded(DType::i32, random_inputs(op, 1)[1]);
  EXPECT_EQ(*std::min_element(idx.begin(), idx.end()), 0);
  EXPECT_EQ(*std::max_element(idx.begin(), idx.end()), 2);  // 2 * 2 + 1 = 5 < 7 <= 2 * 3 + 1
}

TEST(RandomInputs, LongProductsDoNotVanish) {
  const Operator op = operator_of(
      "name: t\ndims: {n: 1000}\ninputs: {x: \"f32[n]\"}\noutputs: {y: \"f32[1]\"}\n"
      "compute:\n  - y[0] = prod[n](x[n])\n");
  double logarithms = 0;
  for (const double value : decoded(DType::f32, random_inputs(op, 1)[0])) logarithms += std::log(std::abs(value));
  EXPECT_NEAR(logarithms / 1000, -1, 0.2);  // of a uniform distribution
}

TEST(RandomInputs, ArgumentsOfRootsArePositive) {
  const Operator op = operator_of(
      "name: t\ndims: {n: 1000}\ninputs: {x: \"f32[n]\", d: \"f32[n]\"}\n"
      "outputs: {y: \"f32[n]\"}\ncompute:\n  - y[n] = sqrt(x[n]) / d[n]\n");
  for (const auto& buffer : random_inputs(op, 1)) {
    const auto values = decoded(DType::f32, buffer);
    EXPECT_GE(*std::min_element(values.begin(), values.end()), 0.5);
  }
}

}  // namespace
}  // namespace perftune
