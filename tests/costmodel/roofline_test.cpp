#include "costmodel/roofline.hpp"

#include <gtest/gtest.h>

#include "gpu_samples.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

Operator matmul(int m, int n, int k) {
  return parse_operator_text("name: mm\ndims: {m: " + std::to_string(m) + ", n: " + std::to_string(n) +
                                 ", k: " + std::to_string(k) +
                                 "}\ninputs: {A: \"f16[m,k]\", B: \"f16[k,n]\"}\noutputs: {C: \"f16[m,n]\"}\n"
                                 "compute: [\"C[m,n] = sum[k](A[m,k] * B[k,n])\"]\n", "mm.yaml").front().op;
}

TEST(Roofline, LargeProductsMeetTheTensorPeak) {
  const Roofline r = roofline(matmul(8192, 8192, 8192), sample_a100());
  EXPECT_EQ(r.limiter, "tensor f16");
  EXPECT_DOUBLE_EQ(r.attainable_tflops, 312);
  EXPECT_NEAR(r.seconds, r.flops / 312e12, 1e-12);
}

TEST(Roofline, SingleRowsMeetDram) {
  const Roofline r = roofline(matmul(1, 8192, 8192), sample_a100());
  EXPECT_EQ(r.limiter, "dram");
  EXPECT_NEAR(r.seconds, r.compulsory_bytes / 2039e9, 1e-9);
}

TEST(Roofline, AMeasuredCeilingReplacesTheDatasheets) {
  Hardware hw = sample_a100();
  hw.measured["dram_gbps"] = {1000, "test"};
  const Roofline r = roofline(matmul(1, 8192, 8192), hw);
  EXPECT_NEAR(r.seconds, r.compulsory_bytes / 1000e9, 1e-9);
}

}  // namespace
}  // namespace perftune
