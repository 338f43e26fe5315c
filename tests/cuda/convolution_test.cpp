// Convolutions as implicit GEMM through both CUDA targets: groups of several axes are decoded,
// windows are checked, and what lies outside reads as the pad value.
#include <gtest/gtest.h>

#include "codegen/cuda/contraction_mma.hpp"
#include "codegen/cuda/contraction_simt.hpp"
#include "executor/emulated_device.hpp"
#include "executor/verification.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"

namespace perftune::testing {
namespace {

struct Case {
  const char* what;
  const char* yaml;
  const char* program;
  const char* gpu = "a100";
};

const char* const kSame =
    "op: conv2d\ndims: {n: 2, c: 16, h: 9, w: 7, f: 24, r: 3, s: 3}\nstride: 1\npadding: same\n"
    "layout: nhwc\ndtype: f16\n";
const char* const kStrided =
    "op: conv2d\ndims: {n: 2, c: 8, h: 11, w: 9, f: 16, r: 3, s: 3}\nstride: 2\npadding: same\n"
    "layout: nhwc\ndtype: f16\nepilogue: [bias, relu]\n";
const char* const kPadOne =
    "name: pad_one\ndims: {n: 2, c: 8, x: 19, f: 16, r: 3}\n"
    "inputs: {I: \"f32[n,x,c]\", W: \"f32[r,c,f]\"}\noutputs: {O: \"f32[n,x,f]\"}\n"
    "pad: {I: 1}\ncompute:\n  - O[n,x,f] = sum[r,c](I[n,x+r-1,c] * W[r,c,f])\n";

class Convolution : public ::testing::TestWithParam<Case> {};

TEST_P(Convolution, AgreesWithTheOracle) {
  const Case& c = GetParam();
  const Operator op = parse_operator_text(c.yaml, "case").front().op;
  const TileProgram program = TileProgram::parse(c.program);
  const SimtContractionEmitter simt;
  const MmaContractionEmitter mma;
  const Emitter& emitter =
      program.target == "cuda/mma" ? static_cast<const Emitter&>(mma) : simt;
  const Hardware& hardware = find_hardware(c.gpu);
  ASSERT_EQ(emitter.illegal(op, program, hardware), std::nullopt);
  Failure failure;
  const auto compiled = compile_for_emulation(emitter.emit(op, program, hardware),
                                              HostCompiler::find().value(), 60, failure);
  ASSERT_TRUE(compiled) << failure.detail;
  EmulatedDevice device(hardware);
  const auto wrong = verify_on(device, op, *compiled, emitter.bind(op, program, hardware), 9);
  EXPECT_FALSE(wrong) << wrong->detail;
}

INSTANTIATE_TEST_SUITE_P(
    Problems, Convolution,
    ::testing::Values(
        Case{"simt_same", kSame,
             "contraction cuda/simt block_m=32 block_n=32 block_k=16 warp_m=16 warp_n=32 thread_m=4 "
             "thread_n=4 vector_a=8 vector_b=8 vector_c=4"},
        Case{"simt_scalar_same_turing", kSame,
             "contraction cuda/simt block_m=32 block_n=32 block_k=16 warp_m=16 warp_n=32 thread_m=4 "
             "thread_n=4",
             "t4"},
        Case{"mma_same", kSame,
             "contraction cuda/mma block_m=64 block_n=32 block_k=32 warp_m=32 warp_n=16 stages=3 "
             "vector_a=8 vector_b=8 vector_c=8"},
        Case{"mma_strided_with_bias", kStrided,
             "contraction cuda/mma block_m=32 block_n=32 block_k=16 warp_m=16 warp_n=16 stages=4 "
             "vector_a=8 vector_b=8 vector_c=8"},
        Case{"mma_64_bit_offsets", kStrided,
             "contraction cuda/mma block_m=32 block_n=32 block_k=16 warp_m=16 warp_n=16 "
             "vector_a=8 vector_b=8 vector_c=8 index_bits=64"},
        Case{"simt_pad_of_one", kPadOne,
             "contraction cuda/simt block_m=32 block_n=32 block_k=16 warp_m=16 warp_n=32 thread_m=4 "
             "thread_n=4 vector_a=4 vector_b=4 vector_c=4"}),
    [](const auto& one) { return std::string(one.param.what); });

}  // namespace
}  // namespace perftune::testing
