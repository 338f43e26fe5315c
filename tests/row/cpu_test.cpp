// The reduction and row families on the CPU against the oracle: every knob, ragged and degenerate
// shapes, types, layouts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "codegen/cpu/row_emitter.hpp"
#include "codegen/cpu/row_tiles.hpp"
#include "codegen/row.hpp"
#include "tests/row/verified.hpp"

namespace perftune::testing {
namespace {

class CpuRows : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!isa_runs_here(GetParam())) GTEST_SKIP() << "this CPU has no " << GetParam();
  }
  void expect_right(const std::string& yaml, const CpuRowTiles& tiles) const {
    const Operator op = operator_of(yaml);
    const auto canonical = canonicalise_rows(op);
    ASSERT_TRUE(canonical.form) << canonical.why_not << "\n" << yaml;
    const std::string family = row_family(*canonical.form);
    const CpuRowEmitter emitter(family);
    EXPECT_EQ(verify_on_cpu(emitter, op, tiles.to_program(family), row_test_cpu(GetParam())), "") << yaml;
  }
};

CpuRowTiles columns(int unroll, int tasks = 1, int split = 1, int keep = 0) {
  return {.lanes = 0, .unroll = unroll, .tasks = tasks, .split = split, .keep = keep};
}
CpuRowTiles rows(int unroll, int tile = 1, int tasks = 1, int split = 1) {
  return {.lanes = 1, .unroll = unroll, .tile = tile, .tasks = tasks, .split = split};
}

std::string library(const std::string& op, const std::string& dims, const std::string& more = "") {
  return "op: " + op + "\ndims: {" + dims + "}\n" + more;
}

TEST_P(CpuRows, SumsOverRowsAndColumns) {
  for (const char* dims : {"m: 5, n: 131", "m: 1, n: 1", "m: 33, n: 16", "m: 7, n: 3"}) {
    expect_right(library("sum_rows", dims), columns(4, 2));
    expect_right(library("sum_rows", dims), columns(1, 4, 2));
    expect_right(library("sum_rows", dims), rows(2));
    expect_right(library("sum_columns", dims), rows(3, 1, 2));
    expect_right(library("sum_columns", dims), rows(1, 1, 4, 2));
    expect_right(library("sum_columns", dims), columns(2));
    expect_right(library("sum_all", dims), columns(4, 3, 3));
  }
}

TEST_P(CpuRows, MeansMaximaMinimaProducts) {
  for (const char* op : {"mean_rows", "max_rows", "min_rows", "prod_rows"})
    expect_right(library(op, "m: 9, n: 77"), columns(3, 2));
  expect_right(library("dot", "n: 1003"), columns(4, 2, 2));
}

TEST_P(CpuRows, StorageTypes) {
  for (const char* type : {"f16", "bf16", "f64"}) {
    const std::string more = "dtype: " + std::string(type) + "\n";
    expect_right(library("sum_rows", "m: 5, n: 131", more), columns(2));
    expect_right(library("sum_columns", "m: 67, n: 45", more), rows(2));
    expect_right(library("softmax", "m: 5, n: 131", more), columns(2, 1, 1, 1));
    expect_right(library("layer_norm", "m: 5, n: 131", more), columns(2));
  }
  expect_right("name: t\ndims: {m: 5, n: 70}\ninputs: {x: \"i8[m,n]\"}\noutputs: {y: \"i32[m]\"}\n"
               "compute:\n  - y[m] = sum[n](x[m,n])\n", columns(2));
  expect_right("name: any\ndims: {m: 5, n: 70}\ninputs: {x: \"bool[m,n]\"}\noutputs: {y: \"bool[m]\"}\n"
               "compute:\n  - y[m] = max[n](x[m,n])\n", columns(2));
}

TEST_P(CpuRows, SoftmaxAndItsKin) {
  for (const char* dims : {"m: 5, n: 131", "m: 1, n: 1", "m: 3, n: 64", "m: 40, n: 7"}) {
    for (const char* op : {"softmax", "log_softmax", "layer_norm", "rms_norm", "add_layer_norm",
                           "add_rms_norm", "l2_normalize"})
      expect_right(library(op, dims), columns(4, 2));
    expect_right(library("softmax", dims), columns(2, 1, 1, 1));
    expect_right(library("add_layer_norm", dims), columns(2, 1, 1, 1));
    expect_right(library("softmax", dims), rows(1));
  }
  expect_right(library("cross_entropy", "m: 9, n: 133"), columns(4, 2));
  expect_right(library("causal_softmax", "b: 2, m: 37, n: 37"), columns(2, 2, 1, 1));
  expect_right(library("masked_softmax", "b: 2, m: 7, n: 37"), columns(2, 2, 1, 1));
}

TEST_P(CpuRows, ReductionsOverAnyAxes) {
  const std::string head = "name: t\ndims: {a: 3, b: 5, c: 7, d: 18}\ninputs: {x: \"f32[a,b,c,d]\"}\n";
  const auto reduce = [&](const char* out, const char* over, const char* to) {
    return head + "outputs: {y: \"f32[" + to + "]\"}\ncompute:\n  - " + out + " = sum[" + over + "](x[a,b,c,d])\n";
  };
  expect_right(reduce("y[b,d]", "a,c", "b,d"), rows(1, 2, 2));
  expect_right(reduce("y[b,d]", "a,c", "b,d"), rows(1, 1, 4, 2));
  expect_right(reduce("y[a,c]", "b,d", "a,c"), columns(1, 2));
  expect_right(reduce("y[c]", "a,b,d", "c"), columns(1, 2, 2));
  expect_right(reduce("y[d,a]", "c,b", "d,a"), columns(1));
  expect_right(reduce("y[d,a]", "c,b", "d,a"), rows(1));
  expect_right(reduce("y[a,b,c]", "d", "a,b,c"), columns(1));
  expect_right(reduce("y[d]", "a,b,c", "d"), rows(1));
}

CpuRowTiles window(CpuRowTiles t, int r, int s, int stage = 0) {
  t.window0 = r, t.window1 = s, t.stage = stage;
  return t;
}

// Windows laid out as constants: edges by masks and pad lines, by a staged plane with strides 1 and
// 2, weights packed where channels are last.
TEST_P(CpuRows, ConstantWindows) {
  const std::string small = "n: 2, c: 5, h: 13, w: 43, r: 3, s: 3", last = "n: 2, c: 37, h: 7, w: 9, r: 3, s: 2";
  expect_right(library("depthwise_conv2d", small, "padding: same\n"), window(rows(2, 2, 2), 3, 3));
  expect_right(library("depthwise_conv2d", small, "padding: same\n"), window(rows(2, 2, 3), 3, 3, 1));
  expect_right(library("depthwise_conv2d", small, "padding: 2\ndilation: 2\n"), window(rows(1, 3), 3, 3, 1));
  expect_right(library("depthwise_conv2d", small, "padding: 1\nstride: 2\n"), window(rows(2, 2, 2), 3, 3, 2));
  expect_right(library("depthwise_conv2d", small, "padding: 2\nstride: 2\ndilation: 3\n"), window(rows(1, 1, 3), 3, 3, 2));
  expect_right(library("depthwise_conv2d", last, "padding: same\nlayout: nhwc\n"), window(rows(2, 2, 2), 3, 2));
  expect_right(library("depthwise_conv2d", last, "padding: 1\nstride: 2\nlayout: nhwc\n"), window(rows(3, 1), 3, 2));
  expect_right(library("max_pool2d", small, "padding: 1\nstride: 2\n"), window(rows(2, 4, 2), 3, 3, 2));
  expect_right(library("max_pool2d", small, "padding: same\nstride: 1\n"), window(rows(3, 2), 3, 3, 1));
  expect_right(library("max_pool2d", last, "padding: same\nlayout: nhwc\n"), window(rows(3, 2, 2), 3, 2));
  expect_right(library("avg_pool2d", small, "padding: same\ncount: exclude_padding\nstride: 1\n"), window(rows(1, 2), 3, 3, 1));
  expect_right(library("sum_columns", "m: 9, n: 77", "dtype: f16\n"), [] { CpuRowTiles t = rows(2); t.window0 = 9; return t; }());
}

TEST_P(CpuRows, WindowsThatAreNotTheOperators) {
  const Operator op = operator_of(library("max_pool2d", "n: 1, c: 5, h: 13, w: 43, r: 3, s: 3", "padding: 1\nstride: 2\n"));
  const auto why = [&](const CpuRowTiles& t) {
    return CpuRowEmitter("reduction").illegal(op, t.to_program("reduction"), row_test_cpu(GetParam())).value_or("");
  };
  EXPECT_EQ(why(window(rows(1), 3, 3, 2)), "");
  EXPECT_NE(why(window(rows(1), 3, 2)), "");
  EXPECT_NE(why(window(rows(1), 3, 3, 1)), "") << "lanes are two apart";
  EXPECT_NE(why(window(columns(1), 3, 3)), "");
  EXPECT_NE(why(window(rows(1), 0, 0, 2)), "") << "a plane without a window";
}

// Ends of rows that are part of a vector: whole tensors of every storage type and distance between lanes, where
// nothing past the last lane may be touched.
TEST_P(CpuRows, PartsOfVectorsOfEveryType) {
  CpuRowTiles every_second = rows(2, 2);
  every_second.lane_step = 2;
  for (const char* type : {"f32", "f16", "bf16", "i8", "f64"}) {
    const std::string more = std::string("dtype: ") + type + "\npadding: valid\n";
    for (const char* width : {"27", "42", "55"}) {
      const std::string dims = std::string("n: 1, c: 2, h: 5, w: ") + width + ", r: 3, s: 3";
      expect_right(library("max_pool2d", dims, more + "stride: 1\n"), rows(1, 2));
      expect_right(library("max_pool2d", dims, more + "stride: 2\n"), every_second);
      expect_right(library("max_pool2d", dims, more + "stride: 3\n"), rows(1, 1, 2));
    }
  }
}

TEST_P(CpuRows, Pooling) {
  for (const char* layout : {"nchw", "nhwc"})
    for (const char* padding : {"valid", "same", "1"}) {
      const std::string more = std::string("layout: ") + layout + "\npadding: " + padding + "\n";
      for (const char* op : {"max_pool2d", "avg_pool2d"}) {
        expect_right(library(op, "n: 2, c: 19, h: 13, w: 43, r: 3, s: 3", more), rows(1, 2, 2));
        expect_right(library(op, "n: 1, c: 33, h: 9, w: 70, r: 2, s: 3", more + "stride: 1\n"), rows(2, 1));
      }
    }
  CpuRowTiles every_second = rows(2, 2);
  every_second.lane_step = 2;
  expect_right(library("max_pool2d", "n: 2, c: 5, h: 13, w: 83, r: 3, s: 3", "padding: same\n"), every_second);
  expect_right(library("avg_pool2d", "n: 2, c: 5, h: 13, w: 43, r: 3, s: 3", "padding: same\ncount: exclude_padding\n"),
               rows(1));
  expect_right(library("global_avg_pool2d", "n: 3, c: 19, h: 7, w: 7"), columns(1, 2));
  expect_right(library("global_avg_pool2d", "n: 3, c: 19, h: 7, w: 7", "layout: nhwc\n"), rows(1));
}

TEST_P(CpuRows, DepthwiseConvolution) {
  for (const char* layout : {"nchw", "nhwc"}) {
    const std::string more = std::string("layout: ") + layout + "\npadding: same\n";
    expect_right(library("depthwise_conv2d", "n: 2, c: 19, h: 9, w: 37, r: 3, s: 3", more), rows(1, 4, 2));
    expect_right(library("depthwise_conv2d", "n: 1, c: 33, h: 9, w: 37, r: 5, s: 3", more + "stride: 2\nepilogue: [bias, relu]\n"),
                 rows(2, 3));
  }
}

TEST_P(CpuRows, IndexTensors) {
  expect_right(library("embedding_bag", "b: 7, l: 5, v: 100, d: 37"), rows(2, 2));
  expect_right(library("embedding_bag", "b: 7, l: 5, v: 100, d: 37"), columns(1));
}

TEST_P(CpuRows, TheLargestElementsPlace) {
  expect_right("name: argmax\ndims: {m: 9, n: 133}\ninputs: {x: \"f32[m,n]\"}\noutputs: {at: \"i32[m]\"}\n"
               "compute:\n  - top[m] = max[n](x[m,n])\n  - at[m] = min[n](select(x[m,n] == top[m], n, inf))\n",
               columns(2, 2));
}

// Rows without a finite element: the maximum is -inf, -inf - -inf is NaN, and so is the whole row, as
// in PyTorch; rows beside it are not touched.
TEST_P(CpuRows, RowsOfMinusInfinityAreNaN) {
  const Operator op = operator_of("op: softmax\ndims: {m: 3, n: 37}\n");
  std::vector<float> x(3 * 37, 0.5F);
  std::fill_n(x.begin() + 37, 37, -std::numeric_limits<float>::infinity());
  x[5] = -std::numeric_limits<float>::infinity();
  for (const CpuRowTiles& tiles : {columns(1), columns(2, 1, 1, 1), rows(1)}) {
    const CpuRowEmitter emitter("row");
    const std::vector<float> y = run_on_cpu(emitter, op, tiles.to_program("row"), row_test_cpu(GetParam()), x);
    ASSERT_EQ(y.size(), x.size());
    EXPECT_EQ(y[5], 0.0F);
    EXPECT_NEAR(y[6], 1.0F / 36, 1e-6F);
    for (std::size_t i = 37; i < 2 * 37; ++i) EXPECT_TRUE(std::isnan(y[i])) << i;
    for (std::size_t i = 2 * 37; i < 3 * 37; ++i) EXPECT_NEAR(y[i], 1.0F / 37, 1e-6F);
  }
}

INSTANTIATE_TEST_SUITE_P(Cpu, CpuRows, ::testing::Values("avx512", "avx2"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace perftune::testing
