// Shared memory without bank conflicts: counted over every access of emitted kernels, so that the
// address functions, the lane mapping and the staging are all in it.
#include <gtest/gtest.h>

#include "codegen/cuda/contraction_simt.hpp"
#include "executor/emulated_device.hpp"
#include "executor/emulation/bank_conflicts.hpp"
#include "executor/verification.hpp"
#include "recipes/hardware_file.hpp"
#include "tests/cuda/cuda_case.hpp"

namespace perftune::testing {
namespace {

struct Case {
  const char* what;
  const char *type, *out, *a, *b, *knobs;
};

class BankConflicts : public ::testing::TestWithParam<Case> {};

TEST_P(BankConflicts, None) {
  const Case& c = GetParam();
  const Operator op = matmul(c.type, c.out, c.a, c.b, "m: 128, n: 128, k: 128");
  const TileProgram program = simt(c.knobs);
  const Hardware& hardware = find_hardware("a100");
  const SimtContractionEmitter emitter;
  ASSERT_EQ(emitter.illegal(op, program, hardware), std::nullopt);
  Failure failure;
  const auto compiled = compile_for_emulation(emitter.emit(op, program, hardware),
                                              HostCompiler::find().value(), 60, failure);
  ASSERT_TRUE(compiled) << failure.detail;
  EmulatedDevice device(hardware);
  emulation::BankConflicts conflicts;
  device.count_conflicts(&conflicts);
  const auto wrong = verify_on(device, op, *compiled, emitter.bind(op, program, hardware), 1);
  ASSERT_FALSE(wrong) << wrong->detail;
  const auto summary = conflicts.summary();
  EXPECT_GT(summary.accesses, 0U);
  EXPECT_EQ(summary.wavefronts, summary.ideal) << "worst phase: " << summary.worst;
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, BankConflicts,
    ::testing::Values(
        Case{"f32_nn", "f32", "f32", "m,k", "k,n",
             "block_m=64 block_n=64 block_k=16 warp_m=64 warp_n=32 thread_m=8 thread_n=8 "
             "vector_a=4 vector_b=4 vector_c=4"},
        Case{"f32_nt", "f32", "f32", "m,k", "n,k",
             "block_m=64 block_n=64 block_k=16 warp_m=64 warp_n=32 thread_m=8 thread_n=8 "
             "vector_a=4 vector_b=4 vector_c=4"},
        Case{"f32_tn_deep", "f32", "f32", "k,m", "k,n",
             "block_m=64 block_n=64 block_k=32 warp_m=32 warp_n=16 thread_m=4 thread_n=4 "
             "vector_a=4 vector_b=4 vector_c=4"},
        Case{"f32_nt_deep", "f32", "f32", "m,k", "n,k",
             "block_m=64 block_n=64 block_k=64 warp_m=32 warp_n=16 thread_m=4 thread_n=4 "
             "vector_a=4 vector_b=4 vector_c=4 slice_k=2"},
        Case{"f16_nn", "f16", "f16", "m,k", "k,n",
             "block_m=64 block_n=64 block_k=32 warp_m=64 warp_n=32 thread_m=8 thread_n=8 "
             "vector_a=8 vector_b=8 vector_c=8"},
        Case{"f64_nt", "f64", "f64", "m,k", "n,k",
             "block_m=32 block_n=32 block_k=16 warp_m=16 warp_n=32 thread_m=4 thread_n=4 "
             "vector_a=2 vector_b=2 vector_c=2"},
        Case{"i8_nt", "i8", "i32", "m,k", "n,k",
             "block_m=64 block_n=64 block_k=64 warp_m=32 warp_n=16 thread_m=4 thread_n=4 "
             "vector_a=16 vector_b=16 vector_c=4"}),
    [](const auto& one) { return std::string(one.param.what); });

}  // namespace
}  // namespace perftune::testing
