// Every file that ships parses, and named operators mean what they say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

Operator parse(const std::string& text) { return parse_operator_text(text, "test.yaml").at(0).op; }

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(PERFTUNE_SOURCE_DIR) + "/" + folder))
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path().string());
  return paths;
}

TEST(Library, EveryFileReadsDirectlyAtItsDefaultDimensions) {
  const auto paths = files_in("recipes/library");
  EXPECT_EQ(paths.size(), library_operators().size());
  EXPECT_GE(paths.size(), 40u);
  for (const std::string& path : paths) {
    const auto points = read_operator_file(path);
    ASSERT_EQ(points.size(), 1u) << path;
    EXPECT_GT(points[0].op.compulsory_bytes(), 0) << path;
    EXPECT_EQ(points[0].op.rebind(points[0].op.base_dims()).signature(), points[0].op.signature())
        << path;
  }
}

TEST(Library, EveryShippedOperatorAndSuiteReads) {
  for (const std::string folder : {"recipes/ops", "recipes/suites"})
    for (const std::string& path : files_in(folder))
      EXPECT_NO_THROW(read_operator_file(path)) << path;
}

TEST(Library, MatmulLayoutsAreTranspositionsOfTheOperands) {
  const Operator op =
      parse("{op: matmul, dims: {m: 3, n: 5, k: 7}, layout: {A: col, B: row}, dtype: f16}");
  EXPECT_EQ(op.tensors[0].shape, (std::vector<std::int64_t>{7, 3}));
  EXPECT_EQ(op.tensors[1].shape, (std::vector<std::int64_t>{7, 5}));
  EXPECT_EQ(op.tensors[0].type, DType::f16);
  EXPECT_EQ(op.accumulate, DType::f32);
}

TEST(Library, NamedOperatorEqualsTheWrittenOne) {
  const Operator named =
      parse("{op: matmul, dims: {m: 8, n: 16, k: 32}, dtype: bf16, epilogue: [bias, gelu]}");
  const Operator written = parse(R"yaml(
dims: {i: 8, j: 16, l: 32}
inputs: {b: "bf16[j]", X: "bf16[i,l]", Y: "bf16[l,j]"}
outputs: {Z: "bf16[i,j]"}
compute: ["Z[i,j] = gelu(b[j] + sum[l](Y[l,j] * X[i,l]))"]
)yaml");
  EXPECT_EQ(named.signature(), written.signature());
}

TEST(Library, ConvolutionPaddings) {
  const std::string head =
      "{op: conv2d, dims: {n: 2, c: 4, h: 14, w: 15, f: 6, r: 3, s: 3}, stride: 2, padding: ";
  EXPECT_EQ(parse(head + "valid}").tensors[2].shape, (std::vector<std::int64_t>{2, 6, 6, 7}));
  EXPECT_EQ(parse(head + "same}").tensors[2].shape, (std::vector<std::int64_t>{2, 6, 7, 8}));
  EXPECT_EQ(parse(head + "1}").tensors[2].shape, (std::vector<std::int64_t>{2, 6, 7, 8}));
  // TensorFlow pads an even image at stride 2 only behind: the first window starts at 0.
  EXPECT_EQ(parse(head + "same}").dims.at("ph"), 0);
  EXPECT_EQ(parse(head + "same}").dims.at("pw"), 1);
  EXPECT_FALSE(parse(head + "valid}").tensors[0].pad.has_value());
  EXPECT_EQ(parse(head + "1}").tensors[0].pad, 0.0);
}

TEST(Library, GroupedConvolutionReadsItsOwnChannelsOnly) {
  const Operator op = parse(
      "{op: conv2d, dims: {n: 1, c: 8, h: 5, w: 5, f: 6, r: 1, s: 1}, groups: 2, layout: nhwc}");
  EXPECT_EQ(op.tensors[1].shape, (std::vector<std::int64_t>{6, 1, 1, 4}));
  EXPECT_DOUBLE_EQ(op.flops(), 2.0 * 5 * 5 * 6 * 4);
}

std::string failure(const std::string& text) {
  try {
    parse_operator_text(text, "test.yaml");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "accepted";
}

TEST(Library, MistakesAreShownInTheUsersFile) {
  EXPECT_EQ(failure("op: conv2"),
            "test.yaml:1:5: unknown operator 'conv2'; did you mean 'conv2d'?");
  EXPECT_EQ(failure("op: matmul"),
            "test.yaml:1:5: matmul needs dimensions; dims: {m: ..., n: ..., k: ...}");
  EXPECT_EQ(failure("op: matmul\ndims: {m: 1, n: 2}"),
            "test.yaml:2:7: matmul needs the dimension 'k'; its dimensions: m, n, k");
  EXPECT_EQ(failure("op: matmul\ndims: {m: 1, n: 2, k: 3}\nlayot: {A: row}"),
            "test.yaml:3:1: unknown key 'layot'; did you mean 'layout'?");
  EXPECT_EQ(failure("op: matmul\ndims: {m: 1, n: 2, k: 3}\nlayout: {A: diagonal}"),
            "test.yaml:3:13: layout.A cannot be 'diagonal'; one of: row, col");
  EXPECT_EQ(failure("op: matmul\ndims: {m: 1, n: 2, k: 3}\nlayout: {C: row}"),
            "test.yaml:3:10: unknown key 'C'; known keys: A, B");
  EXPECT_EQ(failure("op: matmul\ndims: {m: 1, n: 2, k: 3}\ndtype: f17"),
            "test.yaml:3:8: unknown type 'f17'; types: f64 f32 tf32 f16 bf16 f8e4m3 f8e5m2 i32 i8 "
            "u8 bool");
  EXPECT_EQ(failure("op: matmul\ndims: {m: 1, n: 2, k: 3}\nepilogue: [swish]"),
            "test.yaml:3:12: unknown epilogue step 'swish'; one of: bias, residual, relu, gelu, "
            "silu, sigmoid, tanh");
  EXPECT_EQ(failure("op: conv2d\ndims: {n: 1, c: 5, h: 8, w: 8, f: 4, r: 3, s: 3}\ngroups: 2"),
            "test.yaml:1:5: test: c % groups == 0 does not hold; choose other dimensions");
  EXPECT_EQ(failure("op: conv2d\ndims: {n: 1, c: 5, h: 2, w: 8, f: 4, r: 3, s: 3}"),
            "test.yaml:1:5: test: an extent of 'Y' is 0; extents are at least 1");
}

TEST(Library, ABareNameSaysHowToGiveDimensions) {
  try {
    read_operator_file("matmul");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("recipes/library/matmul.yaml"));
  }
}

TEST(Library, DynamicDimensionsGiveOnePointPerCombination) {
  const auto points = parse_operator_text(
      "{op: matmul, dims: {m: {range: [1, 4096], points: [1, 16, 4096]}, n: [8, 9], k: 4}}",
      "test.yaml");
  ASSERT_EQ(points.size(), 6u);
  EXPECT_EQ(points[3].op.base_dims(), (Dims{{"k", 4}, {"m", 16}, {"n", 9}}));
}

// Multiply-adds per image as their papers give them: the suites' weights add up to the models.
TEST(Library, SuitesAddUpToThePublishedModels) {
  struct Model {
    std::string suite;
    double images;
    double multiply_adds;
  };
  for (const Model& model : {Model{"resnet50", 128, 4.1e9},      // v1.5: torchvision's model table
                             Model{"mobilenet_v2", 32, 0.30e9},  // Sandler et al. 2018, table 4
                             Model{"nasnet_large", 128, 23.8e9}}) {  // Zoph et al. 2018, table 2
    double flops = 0;
    for (const OperatorPoint& point : read_operator_file(
             std::string(PERFTUNE_SOURCE_DIR) + "/recipes/suites/" + model.suite + ".yaml"))
      flops += point.weight * point.op.flops();
    EXPECT_NEAR(flops / 2 / model.images / model.multiply_adds, 1.0, 0.04) << model.suite;
  }
}

TEST(Library, SuitesCarryWeights) {
  const auto points = parse_operator_text(R"yaml(suite: two
operators:
  - {op: relu, dims: {n: 8}, weight: 3}
  - {name: own, dims: {n: [1, 2]}, inputs: {x: "f32[n]"}, outputs: {y: "f32[n]"}, compute: ["y[n] = x[n] + 1"]}
)yaml",
                                          "test.yaml");
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[0].op.name, "relu");
  EXPECT_EQ(points[0].weight, 3);
  EXPECT_EQ(points[2].op.name, "own");
  EXPECT_EQ(points[2].weight, 1);
}

}  // namespace
}  // namespace perftune
