// Every form and knob of a CPU contraction, on shapes with ragged edges, against the oracle.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "codegen/cpu/contraction_emitter.hpp"
#include "tests/cpu/compiled_kernel.hpp"

namespace perftune {
namespace {

std::string matmul(int m, int n, int k, bool a_column = false, bool b_column = false,
                   const std::string& type = "f32", const std::string& out = "") {
  return "name: t\ndims: {m: " + std::to_string(m) + ", n: " + std::to_string(n) +
         ", k: " + std::to_string(k) + "}\ninputs: {A: \"" + type + (a_column ? "[k,m]" : "[m,k]") +
         "\", B: \"" + type + (b_column ? "[n,k]" : "[k,n]") + "\"}\noutputs: {C: \"" +
         (out.empty() ? type : out) + "[m,n]\"}\ncompute:\n  - C[m,n] = sum[k](" +
         (a_column ? "A[k,m]" : "A[m,k]") + " * " + (b_column ? "B[n,k]" : "B[k,n]") + ")\n";
}

CpuTiles tile(int rm, int rn) {
  CpuTiles t;
  t.register_m = rm;
  t.register_n = rn;
  return t;
}

class OnIsa : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!runs_here(GetParam())) GTEST_SKIP() << "this CPU has no " << GetParam();
  }
  // Half as many registers on AVX2: tiles are given for it.
  void expect_right(const std::string& yaml, const CpuTiles& tiles) {
    EXPECT_EQ(verify_program(operator_from(yaml), tiles, test_cpu(GetParam()), 7), "") << yaml;
  }
};

TEST_P(OnIsa, TileReadsOperandsInPlace) {
  for (const auto& [m, n, k] : {std::tuple{127, 33, 65}, {1, 1, 1}, {5, 64, 17}, {64, 47, 3}})
    expect_right(matmul(m, n, k), tile(4, 2));
}

TEST_P(OnIsa, PackingTakesEveryTransposition) {
  for (const bool a : {false, true})
    for (const bool b : {false, true}) {
      CpuTiles t = tile(4, 2);
      t.pack_a = t.pack_b = 1;
      t.block_m = 20, t.block_n = 96, t.block_k = 24;
      expect_right(matmul(61, 131, 67, a, b), t);
      t.rows_inner = 0;
      t.block_n = 70;  // no multiple of the register tile
      t.threads_m = 2;
      expect_right(matmul(61, 131, 67, a, b), t);
    }
}

TEST_P(OnIsa, LeftInPlaceMayBeTransposed) { expect_right(matmul(30, 40, 50, true), tile(3, 3)); }

TEST_P(OnIsa, ThreadsShareRowsColumnsAndSteps) {
  for (int which = 0; which < 3; ++which) {
    CpuTiles t = tile(4, 2);
    (which == 0 ? t.threads_m : which == 1 ? t.threads_n : t.split_k) = 3;
    t.block_k = 32;
    expect_right(matmul(45, 77, 83), t);
  }
}

// n = 64 puts every row on a whole vector, 50 does not: those rows take plain stores.
TEST_P(OnIsa, OutputPastTheCaches) {
  for (const int n : {64, 50}) {
    CpuTiles t = tile(4, 2);
    t.stream_c = 1;
    t.threads_m = 2;
    expect_right(matmul(30, n, 40), t);
  }
}

TEST(CpuContraction, StreamedOutputNeedsKInOnePass) {
  const Hardware cpu = test_cpu("avx2");
  CpuTiles t = tile(4, 2);
  t.stream_c = 1;
  t.block_k = 16;
  const CpuContractionEmitter emitter;
  const auto why = emitter.illegal(operator_from(matmul(30, 64, 40)), t.to_program(), cpu);
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("one pass"), std::string::npos);
}

// A padded operand may be contiguous: whole vectors of it must not be copied past its ends.
TEST_P(OnIsa, PaddedAndContiguous) {
  for (const int w : {4, 33}) {
    const std::string extents = "name: t\ndims: {f: 37, c: 5, s: 3, w: " + std::to_string(w) + "}\nlet: {o: w + 2 - s + 1}\n";
    const std::string conv = extents + "inputs: {X: \"f32[c,w]\", W: \"f32[f,c,s]\"}\noutputs: {Y: \"f32[f,o]\"}\npad: {X: 0}\n"
                             "compute:\n  - Y[f,o] = sum[c,s](X[c, o + s - 1] * W[f,c,s])\n";
    CpuTiles t = tile(4, 2);
    t.pack_b = 1;
    expect_right(conv, t);
    t.pack_a = 1;
    expect_right(conv, t);
    // The padded operand on the left.
    const std::string turned = extents + "inputs: {X: \"f32[c,w]\", W: \"f32[f,c,s]\"}\noutputs: {Y: \"f32[o,f]\"}\npad: {X: 0}\n"
                               "compute:\n  - Y[o,f] = sum[c,s](X[c, o + s - 1] * W[f,c,s])\n";
    expect_right(turned, t);
  }
}

TEST_P(OnIsa, DotForm) {
  for (const auto& [m, n, k] : {std::tuple{1, 301, 130}, {7, 13, 33}, {2, 1, 5}}) {
    CpuTiles t = tile(2, 4);
    t.form = CpuTiles::dot;
    t.prefetch = 8;
    expect_right(matmul(m, n, k, false, true), t);
  }
  CpuTiles t = tile(1, 8);
  t.form = CpuTiles::dot;
  t.split_k = 2;
  t.threads_n = 2;
  expect_right(matmul(1, 203, 131, false, true), t);
}

TEST_P(OnIsa, AxpyForm) {
  for (const auto& [m, n, k] : {std::tuple{1, 301, 130}, {5, 77, 33}, {2, 1, 5}}) {
    CpuTiles t = tile(2, 1);
    t.form = CpuTiles::axpy;
    t.block_n = 64;
    expect_right(matmul(m, n, k), t);
  }
  CpuTiles t = tile(1, 1);
  t.form = CpuTiles::axpy;
  t.unroll = 8;
  t.split_k = 4;
  expect_right(matmul(1, 203, 131), t);
}

TEST_P(OnIsa, DataTypes) {
  for (const char* type : {"f64", "f32", "f16", "bf16", "i8", "f8e4m3", "f8e5m2"}) {
    CpuTiles t = tile(3, 2);
    t.pack_a = t.pack_b = 1;
    const bool integer = std::string(type) == "i8";
    expect_right(matmul(19, 37, 41, false, false, type, integer ? "i32" : ""), t);
    expect_right(matmul(19, 37, 41, true, true, type, integer ? "i32" : ""), t);
  }
}

TEST_P(OnIsa, NarrowOutputsAfterASplit) {
  CpuTiles t = tile(3, 2);
  t.pack_a = t.pack_b = 1;
  t.split_k = 2;
  t.block_k = 32;  // allowed: partial sums wait in the workspace
  expect_right(matmul(19, 37, 80, false, false, "bf16"), t);
}

TEST_P(OnIsa, EpiloguesReadOperands) {
  const std::string yaml =
      "name: t\ndims: {m: 21, n: 53, k: 40}\n"
      "inputs: {A: \"f32[m,k]\", B: \"f32[k,n]\", bias: \"f32[n]\", scale: \"f32[m]\", "
      "residual: \"f16[m,n]\"}\noutputs: {C: \"f32[m,n]\"}\ncompute:\n"
      "  - C[m,n] = gelu(sum[k](A[m,k] * B[k,n]) * scale[m] + bias[n]) + residual[m,n]\n";
  CpuTiles t = tile(4, 2);
  expect_right(yaml, t);
  t.block_k = 16;
  expect_right(yaml, t);
  t.split_k = 2;
  expect_right(yaml, t);
}

// A transposed convolution whose stride is its filter: columns of three axes lie two by two in the output, and the
// operands of the epilogue follow some of them only.
TEST_P(OnIsa, ColumnsInShortRuns) {
  const auto yaml = [](const char* right, const char* type) {
    return std::string("name: t\ndims: {c: 37, f: 13, h: 5, w: 7, r: 2, s: 2}\ninputs: {X: \"f32[h,w,c]\", W: \"f32[") + right +
           "]\", B: \"f32[f]\", S: \"f32[f,r]\", R: \"f32[f,h,r,w,s]\"}\noutputs: {Y: \"" + type +
           "[f,h,r,w,s]\"}\ncompute:\n  - Y[f,h,r,w,s] = relu(sum[c](X[h,w,c] * W[" + right +
           "]) * S[f,r] + B[f]) + R[f,h,r,w,s]\n";
  };
  for (const char* type : {"f32", "f16"}) {
    CpuTiles t = tile(4, 2);
    expect_right(yaml("c,f,r,s", type), t);
    t.rows_inner = 0;
    t.pack_a = t.pack_b = 1;
    t.threads_n = 2;
    expect_right(yaml("f,r,s,c", type), t);
    t.split_k = 2;
    expect_right(yaml("c,f,r,s", type), t);
  }
  CpuTiles waits = tile(4, 2);
  waits.block_k = 16;  // sums wait in the output
  expect_right(yaml("c,f,r,s", "f32"), waits);
  CpuTiles dot = tile(2, 4);
  dot.form = CpuTiles::dot;
  expect_right(yaml("f,r,s,c", "f32"), dot);
  CpuTiles axpy = tile(2, 1);
  axpy.form = CpuTiles::axpy;
  axpy.block_n = 32;
  expect_right(yaml("c,f,r,s", "f32"), axpy);
}

TEST_P(OnIsa, BatchesAndBroadcastOperands) {
  CpuTiles t = tile(4, 2);
  t.threads_b = 2;
  expect_right(
      "name: t\ndims: {b: 3, h: 5, m: 13, n: 21, k: 18}\n"
      "inputs: {A: \"f32[b,h,m,k]\", B: \"f32[h,k,n]\"}\noutputs: {C: \"f32[b,h,m,n]\"}\n"
      "compute:\n  - C[b,h,m,n] = sum[k](A[b,h,m,k] * B[h,k,n])\n", t);
  t.pack_b = 1;
  expect_right(
      "name: t\ndims: {b: 2, h: 3, q: 9, s: 17, d: 16}\n"
      "inputs: {Q: \"f32[b,q,h,d]\", K: \"f32[b,s,h,d]\"}\noutputs: {S: \"f32[b,h,q,s]\"}\n"
      "compute:\n  - S[b,h,q,s] = 0.25 * sum[d](Q[b,q,h,d] * K[b,s,h,d])\n", t);
}

TEST_P(OnIsa, PaddedWindowsAreConvolutions) {
  CpuTiles t = tile(4, 2);
  t.pack_a = t.pack_b = 1;
  expect_right(
      "name: t\ndims: {n: 2, c: 5, h: 9, w: 7, f: 19, r: 3, s: 3}\n"
      "inputs: {X: \"f32[n,h,w,c]\", W: \"f32[r,s,c,f]\"}\noutputs: {Y: \"f32[n,h,w,f]\"}\n"
      "pad: {X: 0}\ncompute:\n"
      "  - Y[n,h,w,f] = sum[r,s,c](X[n,h+r-1,w+s-1,c] * W[r,s,c,f])\n", t);
}

INSTANTIATE_TEST_SUITE_P(Cpu, OnIsa, testing::Values("avx512", "avx2"),
                         [](const auto& test) { return std::string(test.param); });

TEST(CpuContraction, ClangTakesTheSameText) {
  if (!runs_here("avx2")) GTEST_SKIP();
  const Operator op = operator_from(matmul(33, 50, 47, true, true));
  CpuTiles t = tile(4, 2);
  t.pack_a = t.pack_b = 1;
  const std::string result = verify_program(op, t, test_cpu("avx2"), 3, "clang++");
  if (result == "no compiler") GTEST_SKIP() << result;
  EXPECT_EQ(result, "");
}

}  // namespace
}  // namespace perftune
