#include "codegen/contraction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/codegen/operator_text.hpp"

namespace perftune {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Contraction form_of(const std::string& text) {
  const Operator op = operator_of(text);
  Canonicalised result = canonicalise_contraction(op);
  EXPECT_TRUE(result.form) << result.why_not;
  return result.form.value_or(Contraction{});
}

std::string why_not(const std::string& text) {
  const Canonicalised result = canonicalise_contraction(operator_of(text));
  EXPECT_FALSE(result.form);
  return result.why_not;
}

std::string matmul(const std::string& a, const std::string& b, const std::string& c,
                   const std::string& statement) {
  return "name: t\ndims: {m: 24, n: 40, k: 16}\ninputs: {A: \"f16[" + a + "]\", B: \"f16[" + b +
         "]\"}\noutputs: {C: \"f16[" + c + "]\"}\ncompute:\n  - " + statement + "\n";
}

struct Transposition {
  const char* a;
  const char* b;
  std::int64_t a_m, a_k, b_n, b_k;
};

class AllTranspositions : public testing::TestWithParam<Transposition> {};

TEST_P(AllTranspositions, StridesAreThoseOfTheLayout) {
  const Transposition& t = GetParam();
  const std::string sum = std::string("C[m,n] = sum[k](A[") + t.a + "] * B[" + t.b + "])";
  const Contraction form = form_of(matmul(t.a, t.b, "m,n", sum));
  EXPECT_EQ(form.extent(Group::batch), 1);
  EXPECT_EQ(form.extent(Group::m), 24);
  EXPECT_EQ(form.extent(Group::n), 40);
  EXPECT_EQ(form.extent(Group::k), 16);
  EXPECT_THAT(form.a.strides(Group::m), ElementsAre(t.a_m));
  EXPECT_THAT(form.a.strides(Group::k), ElementsAre(t.a_k));
  EXPECT_THAT(form.a.strides(Group::n), ElementsAre(0));
  EXPECT_THAT(form.b.strides(Group::n), ElementsAre(t.b_n));
  EXPECT_THAT(form.b.strides(Group::k), ElementsAre(t.b_k));
  EXPECT_THAT(form.c.strides(Group::m), ElementsAre(40));
  EXPECT_THAT(form.c.strides(Group::n), ElementsAre(1));
  EXPECT_THAT(form.a.forms(Group::n), ElementsAre(StrideForm::absent));
  EXPECT_THAT(form.a.forms(Group::k),
              ElementsAre(t.a_k == 1 ? StrideForm::unit : StrideForm::run_time));
  EXPECT_EQ(form.accumulate, DType::f32);
  EXPECT_EQ(form.epilogue->kind, Expr::Kind::accumulator);
}

INSTANTIATE_TEST_SUITE_P(Matmul, AllTranspositions,
                         testing::Values(Transposition{"m,k", "k,n", 16, 1, 1, 40},
                                         Transposition{"m,k", "n,k", 16, 1, 16, 1},
                                         Transposition{"k,m", "k,n", 1, 24, 1, 40},
                                         Transposition{"k,m", "n,k", 1, 24, 16, 1}));

TEST(Contraction, FactorOrderIsFree) {
  const Contraction form = form_of(matmul("m,k", "k,n", "m,n", "C[m,n] = sum[k](B[k,n] * A[m,k])"));
  EXPECT_EQ(form.a.tensor, 0);
  EXPECT_EQ(form.b.tensor, 1);
}

TEST(Contraction, TransposedOutputExchangesTheFactors) {
  const Contraction form = form_of(matmul("m,k", "k,n", "n,m", "C[n,m] = sum[k](A[m,k] * B[k,n])"));
  EXPECT_EQ(form.b.tensor, 0);  // m is contiguous in the output, so A's m plays n
  EXPECT_EQ(form.extent(Group::n), 24);
  EXPECT_EQ(form.extent(Group::m), 40);
  EXPECT_THAT(form.c.forms(Group::n), ElementsAre(StrideForm::unit));
}

TEST(Contraction, MatrixVectorHasAnEmptyM) {
  const Contraction form = form_of(
      "name: t\ndims: {m: 24, k: 16}\ninputs: {A: \"f32[m,k]\", x: \"f32[k]\"}\n"
      "outputs: {y: \"f32[m]\"}\ncompute:\n  - y[m] = sum[k](A[m,k] * x[k])\n");
  EXPECT_EQ(form.extent(Group::m), 1);
  EXPECT_EQ(form.extent(Group::n), 24);
  ASSERT_EQ(form.group(Group::m).size(), 1U);
  EXPECT_TRUE(form.group(Group::m)[0].axes.empty());
  EXPECT_EQ(form.b.tensor, 0);
  EXPECT_THAT(form.b.strides(Group::k), ElementsAre(1));
  EXPECT_THAT(form.a.strides(Group::m), ElementsAre(0));
}

TEST(Contraction, DotProductHasOnlyK) {
  const Contraction form = form_of(
      "name: t\ndims: {k: 16}\ninputs: {x: \"f32[k]\", y: \"f32[k]\"}\n"
      "outputs: {s: \"f32[1]\"}\ncompute:\n  - s[0] = sum[k](x[k] * y[k])\n");
  EXPECT_EQ(form.extent(Group::m) * form.extent(Group::n) * form.extent(Group::batch), 1);
  EXPECT_EQ(form.extent(Group::k), 16);
}

TEST(Contraction, BatchAxesMergeAndABroadcastOperandHasStrideZero) {
  const Contraction form = form_of(
      "name: t\ndims: {b: 3, h: 5, m: 24, n: 40, k: 16}\n"
      "inputs: {A: \"f16[b,h,m,k]\", B: \"f16[b,h,k,n]\"}\noutputs: {C: \"f16[b,h,m,n]\"}\n"
      "compute:\n  - C[b,h,m,n] = sum[k](A[b,h,m,k] * B[b,h,k,n])\n");
  ASSERT_EQ(form.group(Group::batch).size(), 1U);
  EXPECT_EQ(form.group(Group::batch)[0].extent, 15);
  EXPECT_THAT(form.group(Group::batch)[0].axes, ElementsAre(0, 1));
  EXPECT_THAT(form.a.strides(Group::batch), ElementsAre(24 * 16));

  // Grouped-query attention: heads of B shared by a group of heads of A.
  const Contraction shared = form_of(
      "name: t\ndims: {b: 3, g: 2, h: 5, m: 24, n: 40, k: 16}\n"
      "inputs: {A: \"f16[b,g,h,m,k]\", B: \"f16[b,g,k,n]\"}\noutputs: {C: \"f16[b,g,h,m,n]\"}\n"
      "compute:\n  - C[b,g,h,m,n] = sum[k](A[b,g,h,m,k] * B[b,g,k,n])\n");
  EXPECT_EQ(shared.extent(Group::batch), 6);
  EXPECT_EQ(shared.extent(Group::m), 5 * 24);  // h indexes A only: it joins m and merges
  ASSERT_EQ(shared.group(Group::m).size(), 1U);
}

TEST(Contraction, AnAxisThatOnlyTheEpilogueIndexesIsBatch) {
  const Contraction form = form_of(
      "name: t\ndims: {b: 3, m: 24, n: 40, k: 16}\n"
      "inputs: {A: \"f16[m,k]\", B: \"f16[k,n]\", s: \"f32[b]\"}\noutputs: {C: \"f16[b,m,n]\"}\n"
      "compute:\n  - C[b,m,n] = s[b] * sum[k](A[m,k] * B[k,n])\n");
  EXPECT_EQ(form.extent(Group::batch), 3);
  EXPECT_THAT(form.a.strides(Group::batch), ElementsAre(0));
  ASSERT_EQ(form.extra.size(), 1U);
  EXPECT_THAT(form.extra[0].strides(Group::batch), ElementsAre(1));
}

TEST(Contraction, AxesThatDoNotNestEverywhereStayApart) {
  // [b,s,h,d] layout: heads lie between rows and columns.
  const Contraction form = form_of(
      "name: t\ndims: {b: 2, h: 3, q: 8, s: 12, d: 16}\n"
      "inputs: {Q: \"f16[b,q,h,d]\", K: \"f16[b,s,h,d]\"}\noutputs: {P: \"f16[b,h,q,s]\"}\n"
      "compute:\n  - P[b,h,q,s] = sum[d](Q[b,q,h,d] * K[b,s,h,d])\n");
  ASSERT_EQ(form.group(Group::batch).size(), 2U);
  EXPECT_THAT(form.a.strides(Group::batch), ElementsAre(8 * 3 * 16, 16));
  EXPECT_THAT(form.c.strides(Group::batch), ElementsAre(3 * 8 * 12, 8 * 12));
  EXPECT_EQ(form.divisor(Group::batch, 0), 3);
  EXPECT_EQ(form.divisor(Group::batch, 1), 1);
}

TEST(Contraction, MergingDoesNotDependOnExtents) {
  const std::string text =
      "name: t\ndims: {a: A_, b: 6, n: 8, k: 4}\n"
      "inputs: {X: \"f32[b,a,k]\", W: \"f32[k,n]\"}\noutputs: {C: \"f32[a,b,n]\"}\n"
      "compute:\n  - C[a,b,n] = sum[k](X[b,a,k] * W[k,n])\n";
  for (const char* extent : {"1", "5"}) {  // with extent 1 the strides would nest by accident
    std::string bound = text;
    bound.replace(bound.find("A_"), 2, extent);
    EXPECT_EQ(form_of(bound).group(Group::m).size(), 2U) << extent;
  }
}

TEST(Contraction, SeveralReducedAxesMergeWhereBothOperandsAllow) {
  const Contraction merged = form_of(
      "name: t\ndims: {m: 24, n: 40, p: 4, q: 8}\n"
      "inputs: {A: \"f32[m,p,q]\", B: \"f32[n,p,q]\"}\noutputs: {C: \"f32[m,n]\"}\n"
      "compute:\n  - C[m,n] = sum[q,p](A[m,p,q] * B[n,p,q])\n");
  ASSERT_EQ(merged.group(Group::k).size(), 1U);
  EXPECT_EQ(merged.extent(Group::k), 32);
  EXPECT_THAT(merged.a.strides(Group::k), ElementsAre(1));

  const Contraction apart = form_of(
      "name: t\ndims: {m: 24, n: 40, p: 4, q: 8}\n"
      "inputs: {A: \"f32[m,p,q]\", B: \"f32[q,p,n]\"}\noutputs: {C: \"f32[m,n]\"}\n"
      "compute:\n  - C[m,n] = sum[q,p](A[m,p,q] * B[q,p,n])\n");
  ASSERT_EQ(apart.group(Group::k).size(), 2U);
  EXPECT_EQ(apart.group(Group::k)[1].extent, 8);  // A's contiguous axis last
  EXPECT_THAT(apart.a.strides(Group::k), ElementsAre(8, 1));
  EXPECT_THAT(apart.b.strides(Group::k), ElementsAre(40, 4 * 40));
}

TEST(Contraction, ConstantsAndCastsLeaveTheSum) {
  const Contraction form = form_of(
      matmul("m,k", "k,n", "m,n", "C[m,n] = relu(sum[k](-0.5 * cast(A[m,k], f32) * B[k,n] / 4))"));
  ASSERT_EQ(form.epilogue->function, Function::relu);
  EXPECT_EQ(form.epilogue->args[0]->function, Function::multiply);
  EXPECT_EQ(form.epilogue->args[0]->args[0]->kind, Expr::Kind::accumulator);
  EXPECT_TRUE(form.extra.empty());
}

TEST(Contraction, ReadsWithoutAReducedAxisLeaveTheSum) {
  const Contraction form = form_of(
      "name: t\ndims: {m: 24, n: 40, k: 16}\n"
      "inputs: {A: \"i8[m,k]\", B: \"i8[k,n]\", s: \"f32[n]\"}\noutputs: {C: \"f32[m,n]\"}\n"
      "accumulate: i32\ncompute:\n  - C[m,n] = sum[k](A[m,k] * s[n] * B[k,n])\n");
  EXPECT_EQ(form.a.type, DType::i8);
  EXPECT_EQ(form.accumulate, DType::i32);
  ASSERT_EQ(form.extra.size(), 1U);
  EXPECT_THAT(form.extra[0].strides(Group::n), ElementsAre(1));
}

TEST(Contraction, EpilogueReadsAreListedOnce) {
  const Contraction form = form_of(
      "name: t\ndims: {m: 24, n: 40, k: 16}\n"
      "inputs: {A: \"f16[m,k]\", B: \"f16[k,n]\", bias: \"f16[n]\", R: \"f16[m,n]\"}\n"
      "outputs: {C: \"f16[m,n]\"}\ncompute:\n"
      "  - C[m,n] = gelu(sum[k](A[m,k] * B[k,n]) + bias[n]) * bias[n] + R[m,n]\n");
  ASSERT_EQ(form.extra.size(), 2U);
  EXPECT_EQ(form.extra_reads.size(), 2U);
  EXPECT_THAT(form.extra[0].strides(Group::m), ElementsAre(0));
  EXPECT_THAT(form.extra[1].strides(Group::m), ElementsAre(40));
}

TEST(Contraction, ReasonsNameTheStatement) {
  const std::string map = why_not(
      "name: t\ndims: {m: 24}\ninputs: {A: \"f16[m]\"}\noutputs: {C: \"f16[m]\"}\n"
      "compute:\n  - C[m] = exp(A[m])\n");
  EXPECT_THAT(map, HasSubstr("the statement for C"));
  EXPECT_THAT(map, HasSubstr("it has no sum"));
  EXPECT_THAT(why_not(matmul("m,k", "k,n", "m,n", "C[m,n] = max[k](A[m,k] * B[k,n])")),
              HasSubstr("reduces by max"));
  EXPECT_THAT(why_not(matmul("m,k", "k,n", "m,n", "C[m,n] = sum[k](A[m,k] + B[k,n])")),
              HasSubstr("'+'"));
  EXPECT_THAT(why_not(matmul("m,k", "k,n", "m,n", "C[m,n] = sum[k](A[m,k]) + B[0,n]")),
              HasSubstr("product of 1 read, not of two"));
  EXPECT_THAT(why_not(matmul("m,k", "k,n", "m,n",
                             "C[m,n] = sum[k](A[m,k] * B[k,n]) + sum[k](A[m,k] * B[k,0])")),
              HasSubstr("2 different reductions"));
  EXPECT_THAT(why_not(matmul("m,k", "k,n", "m,n", "C[m,n] = sum[k](A[m,k/2] * B[k,n])")),
              HasSubstr("A is indexed by a division in dimension 2"));
  EXPECT_THAT(
      why_not(matmul("m,k", "k,n", "m,n", "C[m,n] = sum[k](cast(A[m,k], f8e4m3) * B[k,n])")),
      HasSubstr("rounded from f16 to f8e4m3"));
}

TEST(VectorWidth, FollowsExtentsOffsetsAndOtherStrides) {
  const Contraction form = form_of(matmul("m,k", "k,n", "m,n", "C[m,n] = sum[k](A[m,k] * B[k,n])"));
  EXPECT_EQ(vector_width(form, form.a, Group::k, 8), 8);
  EXPECT_EQ(vector_width(form, form.a, Group::k, 4), 4);
  EXPECT_EQ(vector_width(form, form.a, Group::m, 8), 1);   // stride 16
  EXPECT_EQ(vector_width(form, form.b, Group::n, 16), 8);  // 40 = 8 * 5
  const std::string shifted =
      "name: t\ndims: {m: 24, n: 40, k: 16, w: 24}\ninputs: {A: \"f16[m,w]\", B: \"f16[k,n]\"}\n"
      "outputs: {C: \"f16[m,n]\"}\ncompute:\n  - C[m,n] = sum[k](A[m,k+2] * B[k,n])\n";
  const Contraction offset = form_of(shifted);
  EXPECT_EQ(offset.a.base, 2);
  EXPECT_EQ(vector_width(offset, offset.a, Group::k, 8), 2);
}

TEST(OutputTile, ReachesOverTheDimensionsOfAMergedAxis) {
  const Operator op = operator_of(
      "name: t\ndims: {b: 2, h: 5, m: 24, n: 40, k: 16}\n"
      "inputs: {A: \"f16[b,h,m,k]\", B: \"f16[b,k,n]\"}\noutputs: {C: \"f16[b,h,m,n]\"}\n"
      "compute:\n  - C[b,h,m,n] = sum[k](A[b,h,m,k] * B[b,k,n])\n");
  const Contraction form = canonicalise_contraction(op).form.value();
  const Tensor& c = op.tensors[2];
  EXPECT_THAT(output_tile(form, c, 16, 32), ElementsAre(0, 0, 16, 32));
  EXPECT_THAT(output_tile(form, c, 48, 64), ElementsAre(0, 2, 24, 40));
}

TEST(IndexWidth, CountsBytesBeyondTwoGigaElements) {
  const auto big = [](const char* m) {
    return std::string("name: t\ndims: {m: ") + m +
           ", n: 65536, k: 64}\ninputs: {A: \"f16[m,k]\", B: \"f16[k,n]\"}\n"
           "outputs: {C: \"f16[m,n]\"}\ncompute:\n  - C[m,n] = sum[k](A[m,k] * B[k,n])\n";
  };
  EXPECT_FALSE(needs_64bit_index(form_of(big("16384"))));
  EXPECT_TRUE(needs_64bit_index(form_of(big("32768"))));
}

// Statements after the sum are its epilogue, however often they use it.
TEST(Contraction, ElementwiseStatementsJoinTheSum) {
  const std::string head = "name: t\ndims: {m: 24, n: 40, k: 16}\ninputs: {A: \"f32[m,k]\", B: \"f32[k,n]\", bias: \"f32[n]\"}\n"
                           "outputs: {C: \"f32[n,m]\"}\ncompute:\n  - T[m,n] = sum[k](A[m,k] * B[k,n])\n";
  const Contraction form = form_of(head + "  - S[p,q] = T[p,q] + bias[q]\n  - C[j,i] = S[i,j] * sigmoid(S[i,j]) + bias[j]\n");
  EXPECT_EQ(form.extra.size(), 1U);
  EXPECT_EQ(form.extent(Group::k), 16);
  EXPECT_EQ(form.extent(Group::m) * form.extent(Group::n), 24 * 40);
  // At other points than its own, as a sum over its own values, or twice: something else.
  why_not(head + "  - C[n,m] = T[m,0] + bias[n]\n");
  why_not(head + "  - R[m] = sum[n](T[m,n])\n  - C[n,m] = T[m,n] / R[m] + bias[n]\n");
}

}  // namespace
}  // namespace perftune
