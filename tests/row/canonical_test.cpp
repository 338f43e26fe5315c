// Which programs are reductions, which are rows, which are neither, and why.
#include <gtest/gtest.h>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/row.hpp"
#include "tests/row/verified.hpp"

namespace perftune::testing {
namespace {

RowForm form_of(const std::string& yaml) {
  auto canonical = canonicalise_rows(operator_of(yaml));
  EXPECT_TRUE(canonical.form) << canonical.why_not;
  return canonical.form.value_or(RowForm{});
}
std::string why_not(const std::string& yaml) { return canonicalise_rows(operator_of(yaml)).why_not; }

TEST(RowForms, SoftmaxIsThreePassesOverMergedRows) {
  const RowForm form = form_of("op: causal_softmax\ndims: {b: 2, m: 5, n: 7}\n");
  EXPECT_EQ(row_family(form), "row");
  EXPECT_EQ(form.passes(), 3);
  EXPECT_EQ(form.rows().size(), 2u);  // the mask asks for m by itself
  EXPECT_EQ(form.row_count(), 10);
  EXPECT_EQ(form.column_count(), 7);
  const RowForm plain = form_of("op: softmax\ndims: {m: 5, n: 7}\n");
  EXPECT_EQ(plain.reductions.size(), 2u);
  EXPECT_EQ(plain.reused_elements().size(), 1u);  // exp(x - max)
}

TEST(RowForms, OnePassWithoutStoredColumnsIsAReduction) {
  const RowForm form = form_of("name: t\ndims: {m: 5, n: 7}\ninputs: {x: \"f32[m,n]\"}\n"
                               "outputs: {a: \"f32[m]\", b: \"f32[m]\"}\ncompute:\n"
                               "  - a[m] = sum[n](x[m,n])\n  - b[m] = max[n](x[m,n])\n");
  EXPECT_EQ(row_family(form), "reduction");
  EXPECT_EQ(form.reductions.size(), 2u);
  EXPECT_EQ(form.reads.size(), 1u);
}

TEST(RowForms, ValuesThatNoColumnEntersAreComputedPerRow) {
  const RowForm form = form_of("op: layer_norm\ndims: {m: 5, n: 7}\n");
  EXPECT_EQ(form.passes(), 3);
  EXPECT_EQ(form.row_values.size(), 2u);  // the mean; 1 / sqrt(variance + epsilon)
  EXPECT_EQ(form.constants.size(), 2u);   // n, in two statements
}

TEST(RowForms, WhatIsNoProgramOverRowsSaysWhy) {
  EXPECT_NE(why_not("op: relu\ndims: {n: 7}\n").find("reduces nothing"), std::string::npos);
  EXPECT_NE(why_not("name: t\ndims: {m: 5, n: 7}\ninputs: {x: \"f32[m,n]\"}\noutputs: {y: \"f32[m,n]\"}\ncompute:\n"
                    "  - a[m] = sum[n](x[m,n])\n  - b[n] = sum[m](x[m,n])\n  - y[m,n] = a[m] * b[n]\n"),
            "");
  EXPECT_NE(why_not("name: t\ndims: {n: 8}\ninputs: {x: \"f32[n]\"}\noutputs: {y: \"f32[n]\"}\npad: {x: 0}\ncompute:\n"
                    "  - e[n] = exp(x[n])\n  - s = sum[n](e[n])\n  - y[n] = e[7 - n] / s\n")
                .find("other places"), std::string::npos);
}

}  // namespace
}  // namespace perftune::testing
