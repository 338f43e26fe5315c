// An operator survives the way through its own text.
#include "recipes/definition.hpp"

#include <gtest/gtest.h>

#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

TEST(Definition, ReadsBackAsTheSameOperatorAtTheSameDimensions) {
  const auto points = parse_operator_text(R"(name: "say \"hi\""
dims: {m: [3, 5], k: 7}
inputs:
  A: "f16[m,k]"   # a comment
  bias: "f32[m]"
outputs: {y: "f32[m]"}
accumulate: f32
compute:
  - y[m] = relu(sum[k](A[m,k]) + bias[m])
)", "x.yaml");
  ASSERT_EQ(points.size(), 2U);
  for (const auto& point : points) {
    const auto again = parse_operator_text(definition(point.op), "stored");
    ASSERT_EQ(again.size(), 1U) << definition(point.op);
    EXPECT_EQ(again.front().op.signature(), point.op.signature());
    EXPECT_EQ(again.front().op.name, "say \"hi\"");
    EXPECT_EQ(again.front().op.base_dims(), point.op.base_dims());
    EXPECT_EQ(definition(again.front().op), definition(point.op));
  }
}

}  // namespace
}  // namespace perftune
