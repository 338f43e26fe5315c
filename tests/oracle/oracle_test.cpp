// The oracle against hand arithmetic and tabulated values.
#include "executor/oracle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/oracle/typed_buffers.hpp"

namespace perftune {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

TEST(Oracle, MatrixProductByHand) {
  const Operator op = operator_of(
      "name: t\ndims: {m: 2, n: 2, k: 3}\ninputs: {A: \"f32[m,k]\", B: \"f32[k,n]\"}\n"
      "outputs: {C: \"f32[m,n]\"}\ncompute:\n  - C[m,n] = sum[k](A[m,k] * B[k,n])\n");
  EXPECT_THAT(values_of(evaluate(op, {{1, 2, 3, 4, 5, 6}, {1, 0, 0, 1, 1, -1}})),
              ElementsAre(4, -1, 10, -1));
}

TEST(Oracle, ErrorOfASumGrowsWithItsTermsNotItsValue) {
  const Operator op = operator_of(
      "name: t\ndims: {k: 4}\ninputs: {x: \"f32[k]\"}\noutputs: {s: \"f32[1]\"}\n"
      "compute:\n  - s[0] = sum[k](x[k])\n");
  const auto small = evaluate(op, {{1, -1, 1, -1}})[0];
  const auto large = evaluate(op, {{1000, -1000, 1000, -1000}})[0];
  EXPECT_EQ(small.value, 0);
  EXPECT_GT(small.error, 4 * 0x1p-24);
  EXPECT_LT(small.error, 32 * 0x1p-24);
  EXPECT_NEAR(large.error / small.error, 1000, 1);
}

// 0.1 is no f32: where the rest cancels, what its rounding leaves is all there is.
TEST(Oracle, LiteralsAreRoundedWhereTheyAreNotRepresentable) {
  const auto error = [](const std::string& literal) {
    const Operator op = operator_of("name: t\ndims: {n: 1}\ninputs: {x: \"f32[n]\"}\noutputs: {y: \"f32[n]\"}\ncompute:\n  - y[n] = x[n] - " +
                                    literal + "\n");
    const double kernel = 0.1f - static_cast<float>(std::stod(literal));
    const auto y = evaluate(op, {{0.1f}})[0];
    EXPECT_LE(std::abs(kernel - y.value), y.error + 1e-30) << literal;
    return y.error;
  };
  EXPECT_GT(error("0.1"), 1e-9);
  EXPECT_LT(error("0.125"), 1e-8);
}

TEST(Oracle, OtherReductions) {
  const auto reduce = [](const std::string& how) {
    const Operator op = operator_of(
        "name: t\ndims: {m: 2, k: 3}\ninputs: {x: \"f32[m,k]\"}\noutputs: {s: \"f32[m]\"}\n"
        "compute:\n  - s[m] = " +
        how + "[k](x[m,k])\n");
    return values_of(evaluate(op, {{3, -5, 2, -1, -4, -2}}));
  };
  EXPECT_THAT(reduce("max"), ElementsAre(3, -1));
  EXPECT_THAT(reduce("min"), ElementsAre(-5, -4));
  EXPECT_THAT(reduce("prod"), ElementsAre(-30, -8));
  EXPECT_THAT(reduce("sum"), ElementsAre(0, -7));
}

// Softmax of [[1., 2., 3.], [0., 0., math.log(2)]] along rows:
// e/(e+e^2+e^3) and so on; the second row is 1/4, 1/4, 1/2 exactly.
TEST(Oracle, SoftmaxInFourStatements) {
  const Operator op = operator_of(
      "name: t\ndims: {m: 2, n: 3}\ninputs: {x: \"f64[m,n]\"}\noutputs: {y: \"f64[m,n]\"}\n"
      "accumulate: f64\ncompute:\n  - top[m] = max[n](x[m,n])\n"
      "  - e[m,n] = exp(x[m,n] - top[m])\n  - total[m] = sum[n](e[m,n])\n"
      "  - y[m,n] = e[m,n] / total[m]\n");
  const auto y = evaluate(op, {{1, 2, 3, 0, 0, std::log(2.0)}});
  EXPECT_THAT(values_of(y), Pointwise(DoubleNear(1e-15), {0.09003057317038046, 0.24472847105479764,
                                                          0.6652409557748218, 0.25, 0.25, 0.5}));
  for (const Approximate& x : y) EXPECT_LT(x.error, 1e-13);
}

TEST(Oracle, FunctionsHaveTheirDocumentedMeaning) {
  const auto apply = [](const std::string& f, double x) {
    const Operator op = operator_of(
        "name: t\ndims: {n: 1}\ninputs: {x: \"f64[n]\"}\noutputs: {y: \"f64[n]\"}\n"
        "accumulate: f64\ncompute:\n  - y[n] = " +
        f + "\n");
    return evaluate(op, {{x}})[0].value;
  };
  // Abramowitz and Stegun, tables 26.1 (normal probability) and 7.1 (error function).
  EXPECT_NEAR(apply("gelu(x[n])", 1), 0.8413447460685429, 1e-15);
  EXPECT_NEAR(apply("gelu(x[n])", -10), -10 * 7.619853024160527e-24, 1e-36);
  EXPECT_NEAR(apply("erf(x[n])", 0.5), 0.5204998778130465, 1e-15);
  EXPECT_NEAR(apply("sigmoid(x[n])", 2), 0.8807970779778823, 1e-15);
  EXPECT_NEAR(apply("silu(x[n])", 2), 1.7615941559557646, 1e-15);
  EXPECT_NEAR(apply("tanh(x[n])", 0.5), 0.46211715726000973, 1e-15);
  EXPECT_EQ(apply("rsqrt(x[n])", 4), 0.5);
  EXPECT_EQ(apply("relu(x[n])", -3), 0);
  EXPECT_EQ(apply("abs(x[n])", -3), 3);
  EXPECT_EQ(apply("pow(x[n], 3)", -2), -8);
  EXPECT_EQ(apply("max(x[n], 2) - min(x[n], 2)", 5), 3);
  EXPECT_EQ(apply("select(x[n] > 1, 10, 20)", 5), 10);
  EXPECT_EQ(apply("select(x[n] > 1, 10, 20)", 1), 20);
  EXPECT_EQ(apply("cast(x[n], f16)", 1 + 0x1p-11), 1);
  EXPECT_EQ(apply("-x[n] / 4 + 1", 2), 0.5);
}

// [1,2,3] padded by one and correlated with [1,10,100] by hand: 0+10*1+100*2, 1+20+300, 2+30+0.
TEST(Oracle, PaddedReadsGiveThePadValue) {
  const Operator op = operator_of(
      "name: t\ndims: {n: 3, r: 3}\npad: {x: 0}\ninputs: {x: \"f32[n]\", w: \"f32[r]\"}\n"
      "outputs: {y: \"f32[n]\"}\ncompute:\n  - y[n] = sum[r](x[n + r - 1] * w[r])\n");
  EXPECT_THAT(values_of(evaluate(op, {{1, 2, 3}, {1, 10, 100}})), ElementsAre(210, 321, 32));
}

TEST(Oracle, DivisionAndRemainderInSubscripts) {
  const Operator op = operator_of(
      "name: t\ndims: {n: 6}\ninputs: {x: \"f32[3,2]\"}\noutputs: {y: \"f32[n]\"}\n"
      "compute:\n  - y[n] = x[n / 2, n % 2]\n");
  EXPECT_THAT(values_of(evaluate(op, {{1, 2, 3, 4, 5, 6}})), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Oracle, GatherReadsByIndexAndChecksIt) {
  const Operator op = operator_of(
      "name: t\ndims: {v: 4, d: 2, n: 3}\ninputs: {T: \"f32[v,d]\", idx: \"i32[n]\"}\n"
      "outputs: {y: \"f32[n,d]\"}\ncompute:\n  - y[n,d] = T[idx[n], d]\n");
  EXPECT_THAT(values_of(evaluate(op, {{0, 1, 10, 11, 20, 21, 30, 31}, {2, 0, 3}})),
              ElementsAre(20, 21, 0, 1, 30, 31));
  try {
    evaluate(op, {{0, 1, 10, 11, 20, 21, 30, 31}, {2, 4, 3}});
    FAIL() << "an index beyond the table went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), testing::HasSubstr("index 4 is outside dimension 1 of T"));
  }
}

TEST(Oracle, EightBitProductsAreExact) {
  const Operator op = operator_of(
      "name: t\ndims: {m: 1, n: 1, k: 4}\ninputs: {A: \"i8[m,k]\", B: \"i8[k,n]\"}\n"
      "outputs: {C: \"i32[m,n]\"}\naccumulate: i32\ncompute:\n"
      "  - C[m,n] = sum[k](A[m,k] * B[k,n])\n");
  const auto c = evaluate(op, {{127, -128, 3, 4}, {127, -128, -1, 2}})[0];
  EXPECT_EQ(c.value, 127 * 127 + 128 * 128 - 3 + 8);
  const ToleratedRange range = stored_range(DType::i32, c);
  EXPECT_EQ(range.low, c.value);
  EXPECT_EQ(range.high, c.value);
}

}  // namespace
}  // namespace perftune
