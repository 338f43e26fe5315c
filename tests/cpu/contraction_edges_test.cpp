// Convolutions on the CPU: padded operands staged, asked for at every read, or never left; images whose
// rows are shorter than a vector; strides, dilation, groups; results that lie in runs. Against the oracle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "codegen/contraction.hpp"
#include "codegen/cpu/contraction_emitter.hpp"
#include "codegen/cpu/contraction_operand.hpp"
#include "tests/cpu/compiled_kernel.hpp"
#include "tuner/construct/contraction_cpu.hpp"

namespace perftune {
namespace {

using testing::HasSubstr;

std::string conv2d(const std::string& dims, const std::string& more) {
  return "op: conv2d\ndims: {" + dims + "}\n" + more + "\n";
}

const std::vector<std::string>& operators() {
  static const std::vector<std::string> all{
      conv2d("n: 2, c: 19, h: 9, w: 11, f: 21, r: 3, s: 3", "padding: 1\nlayout: nhwc\nfilter: rscf"),
      conv2d("n: 2, c: 5, h: 9, w: 11, f: 21, r: 3, s: 3", "padding: 1"),
      conv2d("n: 1, c: 3, h: 37, w: 41, f: 10, r: 5, s: 7", "padding: 3\nstride: 2\nlayout: nhwc"),
      conv2d("n: 1, c: 3, h: 37, w: 41, f: 10, r: 5, s: 7", "padding: 3\nstride: 2"),
      conv2d("n: 3, c: 8, h: 12, w: 40, f: 9, r: 3, s: 3", "padding: same\ndilation: 2\nstride: 3"),
      conv2d("n: 2, c: 12, h: 7, w: 7, f: 18, r: 3, s: 3", "padding: 2\ndilation: 2\ngroups: 3\nlayout: nhwc"),
      conv2d("n: 2, c: 12, h: 7, w: 7, f: 18, r: 2, s: 3", "padding: 1\ngroups: 2\nepilogue: [bias, relu]"),
      conv2d("n: 3, c: 33, h: 5, w: 5, f: 40, r: 1, s: 1", "epilogue: [bias, residual]"),
      conv2d("n: 3, c: 33, h: 5, w: 5, f: 40, r: 1, s: 1", "layout: nhwc\nstride: 2"),
  };
  return all;
}

CpuTiles packed(std::int64_t edges, const Contraction& form) {
  CpuTiles t;
  t.register_m = 4, t.register_n = 2;
  t.pack_a = t.pack_b = 1;
  if (!form.a.bounds.empty()) t.edges_a = edges;
  if (!form.b.bounds.empty()) t.edges_b = edges;
  return t;
}

class Convolution : public testing::TestWithParam<std::size_t> {};

TEST_P(Convolution, EdgesAskedForOrStaged) {
  const Operator op = operator_from(operators()[GetParam()]);
  const Canonicalised canonical = canonicalise_contraction(op);
  ASSERT_TRUE(canonical.form) << canonical.why_not;
  const bool here = runs_here("avx512");
  for (const std::int64_t edges : {CpuTiles::asked, CpuTiles::staged}) {
    CpuTiles t = packed(edges, *canonical.form);
    t.block_n = 70, t.block_m = 20, t.block_k = edges == CpuTiles::asked ? 1 << 20 : 24;
    t.threads_m = 2;
    EXPECT_EQ(verify_program(op, t, test_cpu(here && edges == CpuTiles::staged ? "avx512" : "avx2"), 3), "");
  }
}

// What the constructor makes of it, in place where it can be, first and default among them.
TEST_P(Convolution, ConstructedPrograms) {
  const std::string isa = runs_here("avx512") ? "avx512" : "avx2";
  const Operator op = operator_from(operators()[GetParam()]);
  const CpuContractionEmitter emitter;
  std::string why_not;
  const auto programs = ContractionCpuConstructor(emitter).construct(op, test_cpu(isa), 20, why_not);
  ASSERT_FALSE(programs.empty()) << why_not;
  for (const std::size_t i : {std::size_t{0}, programs.size() - 1})
    EXPECT_EQ(verify_program(op, CpuTiles::from(programs[std::min(i, programs.size() - 1)].program), test_cpu(isa), 5), "");
}

// Images as rows, filters as columns, whatever the layout of the result.
TEST_P(Convolution, Turned) {
  const Operator op = operator_from(operators()[GetParam()]);
  const Canonicalised canonical = canonicalise_contraction(op);
  ASSERT_TRUE(canonical.form);
  CpuTiles turned;
  turned.turned = 1;
  CpuTiles t = packed(CpuTiles::staged, tiled_form(*canonical.form, turned));
  t.turned = 1, t.pack_a = 0, t.register_m = 6, t.threads_n = 2;
  EXPECT_EQ(verify_program(op, t, test_cpu(runs_here("avx512") ? "avx512" : "avx2"), 3), "");
  t.register_m = 9, t.register_n = 1;  // more rows than an AVX2 vector has lanes
  EXPECT_EQ(verify_program(op, t, test_cpu("avx2"), 3), "");
}

INSTANTIATE_TEST_SUITE_P(Cpu, Convolution, testing::Range(std::size_t{0}, operators().size()));

// One image of 1 x 1 filters is a matrix product: nothing is staged, both operands stay where they are.
TEST(ConvolutionInPlace, PointwiseIsAMatrixProduct) {
  for (const char* more : {"layout: nchw", "layout: nhwc\nfilter: rscf"}) {
    const Operator op = operator_from(conv2d("n: 1, c: 30, h: 6, w: 9, f: 35, r: 1, s: 1", more));
    const Canonicalised canonical = canonicalise_contraction(op);
    ASSERT_TRUE(canonical.form);
    CpuTiles t = packed(CpuTiles::none, *canonical.form);
    t.pack_a = t.pack_b = 0;
    EXPECT_EQ(verify_program(op, t, test_cpu(runs_here("avx512") ? "avx512" : "avx2"), 3), "") << more;
  }
}

// The pad value is no zero, the type is converted, and the tensor is larger than what is read of it.
TEST(ConvolutionStaged, OtherPadValuesAndTypes) {
  const Operator op = operator_from(
      "name: t\ndims: {c: 6, h: 9, w: 20, f: 5, y: 4, x: 7, r: 2, s: 3}\npad: {X: 2.5}\n"
      "inputs: {X: \"f16[c,h,w]\", W: \"f16[f,c,r,s]\"}\noutputs: {Y: \"f32[f,y,x]\"}\naccumulate: f32\ncompute:\n"
      "  - Y[f,y,x] = sum[c,r,s](X[c, 2*y + r - 1, x + 2*s - 3] * W[f,c,r,s])\n");
  const Canonicalised canonical = canonicalise_contraction(op);
  ASSERT_TRUE(canonical.form) << canonical.why_not;
  for (const std::int64_t edges : {CpuTiles::asked, CpuTiles::staged})
    EXPECT_EQ(verify_program(op, packed(edges, *canonical.form), test_cpu("avx2"), 3), "");
}

TEST(ConvolutionEdges, LeftOutOnlyWhereNothingReachesThem) {
  const CpuContractionEmitter emitter;
  const Hardware cpu = test_cpu("avx2");
  const std::string dims = "n: 1, c: 4, h: 9, w: 9, f: 8, r: 3, s: 3";
  for (const auto& [more, legal] : {std::pair{"padding: 1", false}, {"padding: valid", true}}) {
    const Operator op = operator_from(conv2d(dims, std::string(more)));
    const CpuTiles t = packed(CpuTiles::none, *canonicalise_contraction(op).form);
    const auto why = emitter.illegal(op, t.to_program(), cpu);
    EXPECT_EQ(!why, legal) << why.value_or(more);
    if (why) {
      EXPECT_THAT(*why, HasSubstr("leave it"));
    }
  }
}

// 7 x 7 pixels in NHWC, 3 x 3 windows and a padding of 1: 9 x 9 are staged, channels stay innermost.
TEST(ConvolutionEdges, WideAccessHasTheCopysStrides) {
  const Operator op = operator_from(conv2d("n: 2, c: 5, h: 7, w: 7, f: 8, r: 3, s: 3", "padding: 1\nlayout: nhwc"));
  const Canonicalised canonical = canonicalise_contraction(op);
  ASSERT_TRUE(canonical.form);
  const Access::Wide& wide = canonical.form->a.wide;
  EXPECT_EQ(wide.elements(), 2 * 9 * 9 * 5);
  EXPECT_EQ(wide.base, 0);
  EXPECT_FALSE(wide.inside());
  ASSERT_EQ(wide.levels.size(), 3U);
  EXPECT_EQ(wide.levels[1].low, -1);
  EXPECT_EQ(wide.levels[2].wide, 9 * 5);
  EXPECT_THAT(wide.stride[1], testing::ElementsAre(81 * 5, 9 * 5, 5));
  EXPECT_THAT(wide.stride[3], testing::ElementsAre(9 * 5, 5, 1));
  EXPECT_TRUE(canonical.form->b.nests[3]);  // weights: r, s and c are whole dimensions
  EXPECT_FALSE(canonical.form->a.nests[3]);
}

}  // namespace
}  // namespace perftune
