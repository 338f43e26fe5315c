// Which operators go to vendor libraries as one matrix product, and as which.
#include "codegen/plain_product.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

std::optional<PlainProduct> product(const std::string& inputs, const std::string& compute, std::string& why_not,
                                    const std::string& output = "C: \"f32[b,m,n]\"") {
  const Operator op = parse_operator_text("name: p\ndims: {b: 3, m: 20, n: 30, k: 40}\ninputs: {" + inputs +
                                              "}\noutputs: {" + output + "}\ncompute:\n  - " + compute + "\n",
                                          "test")[0].op;
  return plain_product(op, why_not);
}

TEST(PlainProduct, StridesAndTranspositions) {
  std::string why;
  const auto p = product("A: \"f32[b,k,m]\", B: \"f32[b,n,k]\"", "C[b,m,n] = sum[k](A[b,k,m] * B[b,n,k])", why);
  ASSERT_TRUE(p) << why;
  EXPECT_EQ(p->batch, 3);
  EXPECT_EQ(p->m, 20);
  EXPECT_EQ(p->n, 30);
  EXPECT_EQ(p->k, 40);
  EXPECT_TRUE(p->a.transposed);
  EXPECT_EQ(p->a.leading, 20);
  EXPECT_EQ(p->a.batch_stride, 800);
  EXPECT_TRUE(p->b.transposed);
  EXPECT_EQ(p->b.leading, 40);
  EXPECT_FALSE(p->c.transposed);
  EXPECT_EQ(p->c.leading, 30);
  EXPECT_EQ(p->c.batch_stride, 600);
}

TEST(PlainProduct, RowsThatDoNotMergeAreNotOneProduct) {
  std::string why;
  EXPECT_FALSE(product("A: \"f32[b,k,m]\", B: \"f32[k,n]\"", "C[b,m,n] = sum[k](A[b,k,m] * B[k,n])", why));
  EXPECT_THAT(why, testing::HasSubstr("do not merge"));
}

TEST(PlainProduct, WhatIsMoreThanAProductSaysWhy) {
  std::string why;
  EXPECT_FALSE(product("A: \"f32[b,m,k]\", B: \"f32[b,k,n]\"", "C[b,m,n] = relu(sum[k](A[b,m,k] * B[b,k,n]))", why));
  EXPECT_THAT(why, testing::HasSubstr("something is done to the sum"));
  const Operator elementwise = parse_operator_text(
      "name: e\ndims: {m: 20}\ninputs: {A: \"f32[m]\"}\noutputs: {C: \"f32[m]\"}\ncompute:\n  - C[m] = exp(A[m])\n",
      "test")[0].op;
  EXPECT_FALSE(plain_product(elementwise, why));
  EXPECT_THAT(why, testing::HasSubstr("no matrix product"));
}

}  // namespace
}  // namespace perftune
