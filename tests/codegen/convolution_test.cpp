#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codegen/contraction.hpp"
#include "tests/codegen/operator_text.hpp"

namespace perftune {
namespace {

using testing::ElementsAre;

Contraction form_of(const Operator& op) {
  Canonicalised result = canonicalise_contraction(op);
  EXPECT_TRUE(result.form) << result.why_not;
  return result.form.value_or(Contraction{});
}

// Stride 2, dilation 3, padding 1 before and whatever the extents say after; NHWC.
TEST(Convolution, StrideDilationAndPaddingBecomeStridesAndBounds) {
  const Contraction form = form_of(operator_of(
      "name: t\ndims: {n: 2, h: 15, w: 17, c: 8, y: 6, x: 7, f: 16, r: 3, s: 3}\n"
      "pad: {X: 0}\ninputs: {X: \"f16[n,h,w,c]\", W: \"f16[f,r,s,c]\"}\n"
      "outputs: {Y: \"f16[n,y,x,f]\"}\ncompute:\n"
      "  - Y[n,y,x,f] = sum[r,s,c](X[n, 2*y + 3*r - 1, 2*x + 3*s - 1, c] * W[f,r,s,c])\n"));
  EXPECT_EQ(form.extent(Group::m), 2 * 6 * 7);
  EXPECT_EQ(form.extent(Group::n), 16);
  EXPECT_EQ(form.extent(Group::k), 9 * 8);
  ASSERT_EQ(form.group(Group::m).size(), 3U);
  ASSERT_EQ(form.group(Group::k).size(), 3U);
  EXPECT_EQ(form.a.base, -17 * 8 - 8);
  EXPECT_THAT(form.a.strides(Group::m), ElementsAre(15 * 17 * 8, 2 * 17 * 8, 2 * 8));
  EXPECT_THAT(form.a.strides(Group::k), ElementsAre(3 * 17 * 8, 3 * 8, 1));
  EXPECT_THAT(form.b.strides(Group::k), ElementsAre(24, 8, 1));
  EXPECT_THAT(form.a.forms(Group::k),
              ElementsAre(StrideForm::run_time, StrideForm::run_time, StrideForm::unit));
  ASSERT_EQ(form.a.bounds.size(), 2U);  // h and w; n and c are filled
  EXPECT_EQ(form.a.bounds[0].offset, -1);
  EXPECT_EQ(form.a.bounds[0].extent, 15);
  EXPECT_THAT(form.a.bounds[0].coefficient[1], ElementsAre(0, 2, 0));
  EXPECT_THAT(form.a.bounds[0].coefficient[3], ElementsAre(3, 0, 0));
  EXPECT_THAT(form.a.bounds[1].coefficient[1], ElementsAre(0, 0, 2));
  EXPECT_TRUE(form.b.bounds.empty());
  EXPECT_EQ(vector_width(form, form.a, Group::k, 8), 8);  // along channels, where nothing is padded
}

// NCHW: the output's innermost axis x indexes the image, so the image plays B.
TEST(Convolution, ChannelsFirstPutsPixelsInN) {
  const Contraction form = form_of(
      operator_of("name: t\ndims: {n: 2, h: 16, w: 16, c: 8, f: 16, r: 3, s: 3}\n"
                  "pad: {X: 0}\ninputs: {X: \"f32[n,c,h,w]\", W: \"f32[f,c,r,s]\"}\n"
                  "outputs: {Y: \"f32[n,f,h,w]\"}\ncompute:\n"
                  "  - Y[n,f,h,w] = sum[c,r,s](X[n, c, h + r - 1, w + s - 1] * W[f,c,r,s])\n"));
  EXPECT_EQ(form.b.tensor, 0);
  EXPECT_EQ(form.extent(Group::m), 16);
  EXPECT_EQ(form.extent(Group::n), 2 * 16 * 16);
  ASSERT_EQ(form.group(Group::k).size(), 3U);
  EXPECT_THAT(form.a.strides(Group::k), ElementsAre(9, 3, 1));
  EXPECT_THAT(form.b.forms(Group::n),
              ElementsAre(StrideForm::run_time, StrideForm::run_time, StrideForm::unit));
  EXPECT_EQ(vector_width(form, form.b, Group::n, 8), 1);  // a window: no aligned vectors
}

TEST(Convolution, GroupsAreABatch) {
  const Contraction form = form_of(
      operator_of("name: t\ndims: {n: 2, h: 10, w: 10, g: 4, c: 8, y: 8, x: 8, f: 6, r: 3, s: 3}\n"
                  "inputs: {X: \"f16[n,h,w,g,c]\", W: \"f16[g,f,r,s,c]\"}\n"
                  "outputs: {Y: \"f16[n,y,x,g,f]\"}\ncompute:\n"
                  "  - Y[n,y,x,g,f] = sum[r,s,c](X[n, y + r, x + s, g, c] * W[g,f,r,s,c])\n"));
  EXPECT_EQ(form.extent(Group::batch), 4);
  EXPECT_THAT(form.a.strides(Group::batch), ElementsAre(8));
  EXPECT_THAT(form.b.strides(Group::batch), ElementsAre(6 * 9 * 8));
  EXPECT_TRUE(form.a.bounds.empty());
}

TEST(Convolution, OneByOneIsAPlainMatrixProduct) {
  const Contraction form = form_of(
      operator_of("name: t\ndims: {n: 2, h: 10, w: 10, c: 8, f: 6}\n"
                  "inputs: {X: \"f16[n,h,w,c]\", W: \"f16[f,c]\"}\noutputs: {Y: \"f16[n,h,w,f]\"}\n"
                  "compute:\n  - Y[n,h,w,f] = sum[c](X[n,h,w,c] * W[f,c])\n"));
  ASSERT_EQ(form.group(Group::m).size(), 1U);
  EXPECT_EQ(form.group(Group::m)[0].extent, 200);
  EXPECT_THAT(form.a.strides(Group::m), ElementsAre(8));
}

}  // namespace
}  // namespace perftune
