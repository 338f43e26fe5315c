// An operator survives the way through its own text.
#include "recipes/definition.hpp"

#include <gtest/gtest.h>

#include "recipes/hardware_file.hpp"
#include "recipes/library.hpp"
#include "recipes/operator_file.hpp"
#include "recipes/operator_points.hpp"
#include "recipes/plain_text.hpp"

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

// Parameters and epilogues are gone from a definition: neither the library nor YAML is needed again.
TEST(Definition, OfEveryLibraryOperatorReadsBackWithoutYaml) {
  for (const std::string& name : library_operators()) {
    const std::string text(find_library_file(name)->text);
    for (const auto& point : parse_operator_text(text, name + ".yaml")) {
      const Operator again = read_definition(definition(point.op), "stored");
      EXPECT_EQ(again.signature(), point.op.signature()) << definition(point.op);
      EXPECT_EQ(again.base_dims(), point.op.base_dims());
      EXPECT_EQ(parse_operator_text(definition(point.op), "stored").front().op.signature(), again.signature());
      EXPECT_EQ(definition(again), definition(point.op));
    }
  }
}

TEST(Definition, KeepsChosenParameters) {
  const auto points = parse_operator_text(R"(op: conv2d
dims: {n: 2, c: 8, h: 9, w: 7, f: 4, r: 3, s: 3}
stride: 2
layout: nhwc
dtype: f16
epilogue: [bias, relu]
)", "x.yaml");
  const Operator again = read_definition(definition(points.front().op), "stored");
  EXPECT_EQ(again.signature(), points.front().op.signature());
  const Dims larger{{"h", 20}, {"w", 30}};
  EXPECT_EQ(again.rebind(larger).signature(), points.front().op.rebind(larger).signature());
}

TEST(PlainText, ReadsEveryHardwareDescription) {
  for (const Hardware& hardware : hardware_catalogue()) {
    const std::string text = format_hardware(hardware);
    EXPECT_EQ(format_hardware(read_hardware(parse_plain(text, "stored"))), text);
  }
}

TEST(PlainText, RefusesTheRestOfYaml) {
  const std::string deep = "a: " + std::string(100, '[') + std::string(100, ']');
  for (const std::string text :
       {"", "a", "a:\n  b: 1\n c: 2\n", "a: [1", "a: {b: 1", "a: \"b", "a: \"\\x41\"", "a: &b 1", "a: *b",
        "a: !t 1", "a: |\n  b\n", "a: 1\na: 2\n", "a: [1] 2\n", "{a: 1}", "a: {b: 1, b: 2}", deep.c_str()})
    EXPECT_THROW(parse_plain(text, "t"), Error) << text;
}

}  // namespace
}  // namespace perftune
