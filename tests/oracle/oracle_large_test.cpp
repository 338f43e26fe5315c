// Long rows, chosen elements and time: what small hand-made cases do not reach.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "executor/oracle.hpp"
#include "executor/random_inputs.hpp"
#include "tests/oracle/typed_buffers.hpp"

namespace perftune {
namespace {

// Plain loops over the stored values: shares nothing with the oracle but `decode`.
std::vector<double> plain_matmul(const std::vector<double>& a, const std::vector<double>& b,
                                 std::size_t m, std::size_t n, std::size_t k) {
  std::vector<double> c(m * n, 0.0);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t j = 0; j < n; ++j) c[i * n + j] += a[i * k + p] * b[p * n + j];
    }
  }
  return c;
}

std::vector<double> decoded(DType type, const std::vector<std::byte>& bytes) {
  std::vector<double> values(bytes.size() / size_bytes(type));
  decode(type, bytes, values);
  return values;
}

std::string matmul_text(int m, int n, int k) {
  return "name: t\ndims: {m: " + std::to_string(m) + ", n: " + std::to_string(n) +
         ", k: " + std::to_string(k) +
         "}\ninputs: {A: \"f16[m,k]\", B: \"f16[k,n]\"}\noutputs: {C: \"f32[m,n]\"}\n"
         "compute:\n  - C[m,n] = sum[k](A[m,k] * B[k,n])\n";
}

TEST(OracleLarge, RowsLongerThanABlockAgreeWithPlainLoops) {
  for (const auto& [m, n, k] : {std::array{3, 1100, 7}, std::array{5, 6, 1300}}) {
    const Operator op = operator_of(matmul_text(m, n, k));
    const auto inputs = random_inputs(op, 7);
    Oracle oracle(op, views(inputs));
    const auto c = oracle.evaluate(2);
    const auto expected = plain_matmul(decoded(DType::f16, inputs[0]),
                                       decoded(DType::f16, inputs[1]), static_cast<std::size_t>(m),
                                       static_cast<std::size_t>(n), static_cast<std::size_t>(k));
    for (std::size_t i = 0; i < c.size(); ++i) {
      ASSERT_NEAR(c[i].value, expected[i], 1e-10) << i;
      ASSERT_GT(c[i].error, 0) << i;
      ASSERT_LT(c[i].error, 1e-2) << i;
    }
  }
}

TEST(OracleLarge, ChosenElementsEqualTheWhole) {
  const Operator op = operator_of(
      "name: t\ndims: {m: 40, n: 30}\ninputs: {x: \"f16[m,n]\", g: \"f32[n]\"}\n"
      "outputs: {y: \"f16[m,n]\"}\ncompute:\n  - mean[m] = sum[n](x[m,n]) / 30\n"
      "  - var[m] = sum[n]((x[m,n] - mean[m]) * (x[m,n] - mean[m])) / 30\n"
      "  - y[m,n] = (x[m,n] - mean[m]) * rsqrt(var[m] + 1e-5) * g[n]\n");
  const auto inputs = random_inputs(op, 3);
  const int output = op.outputs().at(0);
  Oracle whole(op, views(inputs));
  Oracle some(op, views(inputs));
  const auto all = whole.evaluate(output);
  const std::vector<std::int64_t> elements{0, 29, 30, 617, 1199};
  const auto chosen = some.evaluate(output, elements);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    EXPECT_DOUBLE_EQ(chosen[i].value, all[static_cast<std::size_t>(elements[i])].value);
    EXPECT_DOUBLE_EQ(chosen[i].error, all[static_cast<std::size_t>(elements[i])].error);
  }
}

TEST(OracleLarge, ACubeOf256TakesLittleTime) {
  const Operator op = operator_of(matmul_text(256, 256, 256));
  const auto inputs = random_inputs(op, 1);
  Oracle oracle(op, views(inputs));
  const auto start = std::chrono::steady_clock::now();
  const auto c = oracle.evaluate(2);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(c.size(), 65536U);
  RecordProperty("seconds", std::to_string(seconds.count()));
  EXPECT_LT(seconds.count(), 5);  // 0.5 expected; the machine may be busy or sanitised
}

}  // namespace
}  // namespace perftune
