// The CPU's model of maps on hardware that is plain data: what must hold whatever the constants.
#include "costmodel/map_cpu.hpp"

#include <gtest/gtest.h>

#include <string>

#include "recipes/operator_file.hpp"
#include "tests/costmodel/two_cores.hpp"

namespace perftune {
namespace {

Prediction predicted(const std::string& text, const std::string& knobs) {
  const Operator op = parse_operator_text(text, "test").at(0).op;
  const TileProgram program = TileProgram::parse("map cpu/simd " + knobs);
  const Resources resources{};
  return MapCpuModel().predict(op, two_cores(), {&program, 1}, {&resources, 1}).at(0);
}

std::string elementwise(int n, const std::string& value) {
  return "name: f\ndims: {n: " + std::to_string(n) + "}\ninputs: {x: \"f32[n]\"}\noutputs: {y: \"f32[n]\"}\ncompute:\n  - y[i] = " +
         value + "\n";
}

TEST(MapCpuModel, WholePiecesAreDealtOut) {
  const std::string text = elementwise(6144, "gelu(x[i])");
  const double one = predicted(text, "segment=2048").us, uneven = predicted(text, "segment=2048 tasks=2").us,
               even = predicted(text, "segment=3072 tasks=2").us;
  EXPECT_LT(even, 0.85 * uneven) << "three pieces take two threads as long as four";
  EXPECT_LT(uneven, one);
}

TEST(MapCpuModel, WhatDoesNotVaryAlongARunIsComputedOnceForIt) {
  const std::string head = "name: f\ndims: {m: 64, n: 1024}\ninputs: {x: \"f32[m,n]\", s: \"f32[m]\"}\n"
                           "outputs: {y: \"f32[m,n]\"}\ncompute:\n  - y[i,j] = ";
  const double invariant = predicted(head + "x[i,j] * log(s[i])\n", "segment=1024").us,
               plain = predicted(head + "x[i,j] * s[i]\n", "segment=1024").us,
               varying = predicted(head + "log(x[i,j]) * s[i]\n", "segment=1024").us;
  EXPECT_NEAR(invariant, plain, 1e-9);
  EXPECT_GT(varying, 2 * plain);
}

TEST(MapCpuModel, OneVectorLongerRunsOfManyCostMoreThanTheirElements) {
  const auto per_element = [](int n) {
    const std::string text = "name: f\ndims: {m: 100, n: " + std::to_string(n) + "}\ninputs: {x: \"f32[m,n]\", b: \"f32[n]\"}\n"
                             "outputs: {y: \"f32[m,n]\"}\ncompute:\n  - y[i,j] = x[i,j] + b[j]\n";
    return predicted(text, "segment=2048").us / n;
  };
  EXPECT_GT(per_element(17), per_element(32));
  EXPECT_GT(per_element(32), per_element(512));
}

TEST(MapCpuModel, PartsAreFiniteAndTheLimiterIsOneOfThem) {
  const Prediction p = predicted(elementwise(100000, "exp(x[i]) / (1 + x[i])"), "segment=7168 tasks=2 stream=1");
  EXPECT_GT(p.us, 0);
  EXPECT_LE(p.low_us, p.us);
  EXPECT_GE(p.high_us, p.us);
  bool named = false;
  for (const StageTime& stage : p.breakdown) {
    EXPECT_TRUE(stage.us >= 0 && stage.us < 1e6) << stage.stage;
    named |= stage.stage == p.limiter;
  }
  EXPECT_TRUE(named) << p.limiter;
}

}  // namespace
}  // namespace perftune
