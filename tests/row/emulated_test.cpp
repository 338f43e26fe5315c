// The reduction and row families for CUDA in the emulator against the oracle: every knob, ragged and
// degenerate shapes, types, layouts.
#include <gtest/gtest.h>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/cuda/row_simt.hpp"
#include "codegen/cuda/row_tiles.hpp"
#include "codegen/row.hpp"
#include "recipes/hardware_file.hpp"
#include "tests/row/verified.hpp"

namespace perftune::testing {
namespace {

void expect_right(const std::string& yaml, const CudaRowTiles& tiles, const char* gpu = "a100") {
  const Operator op = operator_of(yaml);
  const auto canonical = canonicalise_rows(op);
  ASSERT_TRUE(canonical.form) << canonical.why_not << "\n" << yaml;
  const std::string family = row_family(*canonical.form);
  const SimtRowEmitter emitter(family);
  EXPECT_EQ(verify_emulated(emitter, op, tiles.to_program(family), gpu), "") << yaml;
}

// Lanes along columns.
CudaRowTiles columns(int vector, int row_threads, int column_threads, int unroll = 1, int split = 1) {
  return {.vector = vector, .row_threads = row_threads, .column_threads = column_threads, .unroll = unroll, .split = split};
}
CudaRowTiles held(int vector, int row_threads, int column_threads, int chunks) {
  return {.vector = vector, .row_threads = row_threads, .column_threads = column_threads, .held = chunks};
}
CudaRowTiles staged(int vector, int row_threads, int column_threads, int chunks, int unroll = 1) {
  return {.vector = vector, .row_threads = row_threads, .column_threads = column_threads, .staged = 1, .chunks = chunks, .unroll = unroll};
}
CudaRowTiles rows(int vector, int row_threads, int column_threads, int unroll = 1, int split = 1) {
  return {.lanes = 1, .vector = vector, .row_threads = row_threads, .column_threads = column_threads, .unroll = unroll, .split = split};
}

std::string library(const std::string& op, const std::string& dims, const std::string& more = "") {
  return "op: " + op + "\ndims: {" + dims + "}\n" + more;
}

TEST(EmulatedRows, Sums) {
  expect_right(library("sum_rows", "m: 5, n: 131"), columns(1, 2, 16, 2));
  expect_right(library("sum_rows", "m: 5, n: 132"), columns(4, 1, 64, 2));
  expect_right(library("sum_rows", "m: 5, n: 1000"), columns(4, 2, 32, 2, 3));
  expect_right(library("sum_rows", "m: 70, n: 3"), columns(1, 32, 1));
  expect_right(library("sum_rows", "m: 1, n: 1"), columns(1, 1, 32));
  expect_right(library("sum_columns", "m: 77, n: 45"), rows(1, 32, 4, 2));
  expect_right(library("sum_columns", "m: 77, n: 44"), rows(4, 16, 2, 2, 3));
  expect_right(library("sum_columns", "m: 3, n: 1"), rows(1, 32, 1));
  expect_right(library("sum_all", "m: 37, n: 91"), columns(1, 1, 128, 4, 5));
  expect_right(library("dot", "n: 4096"), columns(4, 1, 64, 2, 7));
  for (const char* op : {"mean_rows", "max_rows", "min_rows", "prod_rows"})
    expect_right(library(op, "m: 9, n: 77"), columns(1, 4, 8, 2));
}

TEST(EmulatedRows, StorageTypes) {
  for (const char* type : {"f16", "bf16", "f64"}) {
    const std::string more = "dtype: " + std::string(type) + "\n";
    expect_right(library("sum_rows", "m: 5, n: 136", more), columns(8, 4, 8));
    expect_right(library("softmax", "m: 5, n: 136", more), held(8, 2, 16, 2));
    expect_right(library("softmax", "m: 5, n: 136", more), staged(8, 2, 16, 2));
    expect_right(library("layer_norm", "m: 5, n: 131", more), held(1, 1, 64, 3));
  }
  expect_right("name: t\ndims: {m: 5, n: 70}\ninputs: {x: \"i8[m,n]\"}\noutputs: {y: \"i32[m]\"}\n"
               "compute:\n  - y[m] = sum[n](x[m,n])\n", columns(2, 2, 16));
  expect_right("name: any\ndims: {m: 5, n: 70}\ninputs: {x: \"bool[m,n]\"}\noutputs: {y: \"bool[m]\"}\n"
               "compute:\n  - y[m] = max[n](x[m,n])\n", columns(1, 4, 8));
}

TEST(EmulatedRows, SoftmaxAndItsKin) {
  for (const char* op : {"softmax", "log_softmax", "layer_norm", "rms_norm", "add_layer_norm",
                         "add_rms_norm", "l2_normalize"}) {
    expect_right(library(op, "m: 5, n: 131"), held(1, 4, 32, 5));
    expect_right(library(op, "m: 3, n: 260"), held(4, 1, 64, 2));
    expect_right(library(op, "m: 3, n: 260"), staged(4, 1, 64, 2, 2));
    expect_right(library(op, "m: 3, n: 260"), columns(2, 2, 64, 2));
    expect_right(library(op, "m: 40, n: 7"), rows(1, 32, 2));
    expect_right(library(op, "m: 1, n: 1"), held(1, 8, 4, 1));
  }
  expect_right(library("cross_entropy", "m: 9, n: 133"), held(1, 2, 32, 5));
  expect_right(library("cross_entropy", "m: 9, n: 133"), columns(1, 1, 64));
  expect_right(library("causal_softmax", "b: 2, m: 37, n: 37"), held(1, 4, 16, 3));
  expect_right(library("masked_softmax", "b: 2, m: 7, n: 36"), held(4, 4, 8, 2));
}

TEST(EmulatedRows, ReductionsOverAnyAxes) {
  const std::string head = "name: t\ndims: {a: 3, b: 5, c: 7, d: 18}\ninputs: {x: \"f32[a,b,c,d]\"}\n";
  const auto reduce = [&](const char* out, const char* over, const char* to) {
    return head + "outputs: {y: \"f32[" + to + "]\"}\ncompute:\n  - " + out + " = sum[" + over + "](x[a,b,c,d])\n";
  };
  expect_right(reduce("y[b,d]", "a,c", "b,d"), rows(2, 8, 4, 2));
  expect_right(reduce("y[b,d]", "a,c", "b,d"), rows(1, 16, 2, 1, 3));
  expect_right(reduce("y[a,c]", "b,d", "a,c"), columns(2, 4, 8));
  expect_right(reduce("y[c]", "a,b,d", "c"), columns(1, 2, 32, 1, 2));
  expect_right(reduce("y[d,a]", "c,b", "d,a"), columns(1, 8, 8));
  expect_right(reduce("y[d,a]", "c,b", "d,a"), rows(1, 32, 1));
}

TEST(EmulatedRows, PoolingAndDepthwise) {
  for (const char* layout : {"nchw", "nhwc"})
    for (const char* padding : {"valid", "same"}) {
      const std::string more = std::string("layout: ") + layout + "\npadding: " + padding + "\n";
      expect_right(library("max_pool2d", "n: 2, c: 8, h: 13, w: 11, r: 3, s: 3", more), rows(1, 64, 1, 2));
      expect_right(library("avg_pool2d", "n: 1, c: 8, h: 9, w: 10, r: 2, s: 3", more + "stride: 1\n"), rows(2, 32, 1, 3));
      expect_right(library("depthwise_conv2d", "n: 2, c: 8, h: 9, w: 10, r: 3, s: 3", more), rows(2, 32, 1, 3));
      expect_right(library("depthwise_conv2d", "n: 1, c: 4, h: 9, w: 13, r: 5, s: 3", more + "stride: 2\nepilogue: [bias, relu]\n"),
                   rows(1, 32, 1, 5));
    }
  expect_right(library("avg_pool2d", "n: 2, c: 5, h: 13, w: 13, r: 3, s: 3", "padding: same\ncount: exclude_padding\n"),
               rows(1, 64, 1));
  expect_right(library("global_avg_pool2d", "n: 3, c: 19, h: 7, w: 7"), columns(1, 8, 8));
  expect_right(library("global_avg_pool2d", "n: 3, c: 20, h: 7, w: 7", "layout: nhwc\n"), rows(4, 8, 4));
}

TEST(EmulatedRows, IndexTensorsAndWideOffsets) {
  expect_right(library("embedding_bag", "b: 7, l: 5, v: 100, d: 40"), rows(4, 32, 1, 2));
  CudaRowTiles wide = held(1, 4, 32, 5);
  wide.index_bits = 64;
  expect_right(library("add_layer_norm", "m: 5, n: 131"), wide);
  CudaRowTiles windows = rows(1, 64, 1, 2);
  windows.index_bits = 64;
  expect_right(library("max_pool2d", "n: 2, c: 8, h: 13, w: 11, r: 3, s: 3", "padding: same\n"), windows);
  expect_right("name: argmax\ndims: {m: 9, n: 133}\ninputs: {x: \"f32[m,n]\"}\noutputs: {at: \"i32[m]\"}\n"
               "compute:\n  - top[m] = max[n](x[m,n])\n  - at[m] = min[n](select(x[m,n] == top[m], n, inf))\n",
               held(1, 2, 32, 5));
}

// Offsets beyond 2^31 elements: 32-bit programs are refused, 64-bit ones bind strides that do not wrap.
TEST(EmulatedRows, LargeTensorsTakeWideOffsets) {
  const Operator op = operator_of(library("softmax", "m: 70000, n: 32768", "dtype: f16\n"));
  const SimtRowEmitter emitter("row");
  const Hardware& hardware = find_hardware("h200");
  CudaRowTiles tiles = held(8, 1, 256, 16);
  const auto narrow = emitter.illegal(op, tiles.to_program("row"), hardware);
  ASSERT_TRUE(narrow);
  EXPECT_NE(narrow->find("32 bits"), std::string::npos) << *narrow;
  tiles.index_bits = 64;
  EXPECT_EQ(emitter.illegal(op, tiles.to_program("row"), hardware), std::nullopt);
  const Launch launch = emitter.bind(op, tiles.to_program("row"), hardware);
  EXPECT_EQ(launch.grid[0], 70000);
  // The text is that of a small problem, which the emulator runs.
  EXPECT_EQ(emitter.emit(op, tiles.to_program("row"), hardware).source,
            emitter.emit(emitter.shrink(op, tiles.to_program("row")), tiles.to_program("row"), hardware).source);
  EXPECT_EQ(verify_emulated(emitter, emitter.shrink(op, tiles.to_program("row")), tiles.to_program("row"), "h200"), "");
}

TEST(EmulatedRows, TuringRunsTheSameText) {
  expect_right(library("softmax", "m: 5, n: 260"), held(4, 1, 64, 2), "t4");
}

}  // namespace
}  // namespace perftune::testing
