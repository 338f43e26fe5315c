// Emitted cuda/mma kernels: right in the emulator for types, layouts, alignments and edges; free of
// bank conflicts.
#include <gtest/gtest.h>

#include "codegen/cuda/contraction_mma.hpp"
#include "executor/emulated_device.hpp"
#include "executor/emulation/bank_conflicts.hpp"
#include "executor/nvrtc.hpp"
#include "executor/verification.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "tests/cuda/cuda_case.hpp"

namespace perftune::testing {
namespace {

TileProgram mma(const std::string& knobs) {
  return TileProgram::parse("contraction cuda/mma " + knobs);
}

// Runs `op` itself, not a shrunk form; empty when it agrees with the oracle. `blocks` of a persistent
// grid; 0: as the launch has it.
std::string run(const Operator& op, const TileProgram& program, const char* gpu,
                emulation::BankConflicts* conflicts = nullptr, int blocks = 0) {
  const Hardware& hardware = find_hardware(gpu);
  const MmaContractionEmitter emitter;
  if (const auto why = emitter.illegal(op, program, hardware)) return "illegal: " + *why;
  Failure failure;
  const auto compiled = compile_for_emulation(emitter.emit(op, program, hardware),
                                              HostCompiler::find().value(), 60, failure);
  if (!compiled) return failure.detail;
  EmulatedDevice device(hardware);
  device.count_conflicts(conflicts);
  Launch launch = emitter.bind(op, program, hardware);
  if (blocks > 0) launch.grid[0] = blocks;
  const auto wrong = verify_on(device, op, *compiled, launch, 5);
  return wrong ? wrong->detail : "";
}

struct Case {
  const char* what;
  const char *type, *out, *a, *b, *dims, *knobs, *gpu;
};

const char* const kTile = "block_m=32 block_n=64 block_k=32 warp_m=16 warp_n=32 ";

class EmittedMma : public ::testing::TestWithParam<Case> {};

TEST_P(EmittedMma, AgreesWithTheOracle) {
  const Case& c = GetParam();
  EXPECT_EQ(run(matmul(c.type, c.out, c.a, c.b, c.dims), mma(c.knobs), c.gpu), "");
}

const std::string kAligned = std::string(kTile) + "vector_a=8 vector_b=8 vector_c=8 stages=3";
const std::string kScalar = std::string(kTile) + "stages=2";
const std::string kWords = std::string(kTile) + "vector_a=4 vector_b=4 vector_c=4 stages=4";
const std::string kBytes =
    "block_m=32 block_n=64 block_k=64 warp_m=16 warp_n=32 vector_a=8 vector_b=8 vector_c=4";
const std::string kSplit = std::string(kTile) + "vector_a=8 vector_b=8 vector_c=8 split_k=3";
const std::string kSlices = std::string(kTile) + "vector_a=8 vector_b=8 vector_c=8 slice_k=2";
const std::string kOneStep =
    "block_m=32 block_n=32 block_k=16 warp_m=16 warp_n=16 vector_a=8 vector_b=8 vector_c=8";

INSTANTIATE_TEST_SUITE_P(
    Problems, EmittedMma,
    ::testing::Values(
        Case{"f16_nn", "f16", "f16", "m,k", "k,n", "m: 56, n: 72, k: 104", kAligned.c_str(), "a100"},
        Case{"f16_nt", "f16", "f16", "m,k", "n,k", "m: 56, n: 72, k: 104", kAligned.c_str(), "a100"},
        Case{"bf16_tn", "bf16", "f32", "k,m", "k,n", "m: 56, n: 72, k: 104", kWords.c_str(), "h200"},
        Case{"f16_tt", "f16", "f16", "k,m", "n,k", "m: 56, n: 72, k: 104", kAligned.c_str(), "b200"},
        Case{"f16_odd_everything", "f16", "f16", "m,k", "k,n", "m: 33, n: 67, k: 71",
             kScalar.c_str(), "a100"},
        Case{"f16_odd_transposed", "f16", "f16", "k,m", "n,k", "m: 33, n: 67, k: 71",
             kScalar.c_str(), "a100"},
        Case{"f16_turing", "f16", "f16", "m,k", "k,n", "m: 56, n: 72, k: 104",
             (kSplit.c_str()), "t4"},
        Case{"i8_turing", "i8", "i32", "m,k", "n,k", "m: 40, n: 68, k: 200", kBytes.c_str(), "t4"},
        Case{"i8_nn", "i8", "i32", "m,k", "k,n", "m: 40, n: 72, k: 200", kBytes.c_str(), "a100"},
        Case{"u8_tn", "u8", "i32", "k,m", "k,n", "m: 40, n: 72, k: 200", kBytes.c_str(), "a100"},
        Case{"tf32_nn", "tf32", "f32", "m,k", "k,n", "m: 36, n: 68, k: 100", kWords.c_str(), "a100"},
        Case{"tf32_tt", "tf32", "f32", "k,m", "n,k", "m: 36, n: 68, k: 100", kWords.c_str(), "a100"},
        Case{"f8_nt", "f8e4m3", "f16", "m,k", "n,k", "m: 40, n: 72, k: 200", kBytes.c_str(), "h200"},
        Case{"f8_tn", "f8e5m2", "f16", "k,m", "k,n", "m: 40, n: 72, k: 200", kBytes.c_str(), "h200"},
        Case{"split_k", "f16", "f16", "m,k", "k,n", "m: 40, n: 72, k: 504", kSplit.c_str(), "a100"},
        Case{"slice_k", "f16", "f16", "m,k", "n,k", "m: 40, n: 72, k: 104", kSlices.c_str(), "a100"},
        Case{"one_instruction_per_step", "f16", "f16", "m,k", "k,n", "m: 40, n: 40, k: 72",
             kOneStep.c_str(), "a100"},
        Case{"one_row", "bf16", "bf16", "m,k", "n,k", "m: 1, n: 136, k: 264", kAligned.c_str(),
             "h200"}),
    [](const auto& one) { return std::string(one.param.what); });

class MmaBankConflicts : public ::testing::TestWithParam<Case> {};

TEST_P(MmaBankConflicts, None) {
  const Case& c = GetParam();
  emulation::BankConflicts conflicts;
  ASSERT_EQ(run(matmul(c.type, c.out, c.a, c.b, c.dims), mma(c.knobs), c.gpu, &conflicts), "");
  const auto summary = conflicts.summary();
  EXPECT_GT(summary.accesses, 0U);
  EXPECT_EQ(summary.wavefronts, summary.ideal) << "worst phase: " << summary.worst;
}

const std::string kWide =
    "block_m=64 block_n=64 block_k=64 warp_m=32 warp_n=32 vector_a=8 vector_b=8 vector_c=4";
const std::string kNarrow =
    "block_m=64 block_n=64 block_k=16 warp_m=32 warp_n=32 vector_a=8 vector_b=8 vector_c=4";
const std::string kBytesAcross =
    "block_m=128 block_n=128 block_k=64 warp_m=32 warp_n=32 vector_a=16 vector_b=16 vector_c=4";
const std::string kBytesNarrow =
    "block_m=64 block_n=64 block_k=64 warp_m=32 warp_n=32 vector_a=16 vector_b=16 vector_c=4";
const std::string kWideWords =
    "block_m=64 block_n=64 block_k=32 warp_m=32 warp_n=32 vector_a=4 vector_b=4 vector_c=4";

INSTANTIATE_TEST_SUITE_P(
    Layouts, MmaBankConflicts,
    ::testing::Values(Case{"f16_nn", "f16", "f32", "m,k", "k,n", "m: 64, n: 64, k: 128",
                           kWide.c_str(), "a100"},
                      Case{"f16_tt", "f16", "f32", "k,m", "n,k", "m: 64, n: 64, k: 128",
                           kWide.c_str(), "a100"},
                      Case{"f16_short_lines", "f16", "f32", "m,k", "n,k", "m: 64, n: 64, k: 64",
                           kNarrow.c_str(), "a100"},
                      Case{"bytes_tn", "i8", "i32", "k,m", "k,n", "m: 128, n: 128, k: 128",
                           kBytesAcross.c_str(), "a100"},
                      Case{"bytes_nn", "u8", "i32", "m,k", "k,n", "m: 128, n: 128, k: 128",
                           kBytesAcross.c_str(), "a100"},
                      Case{"bytes_tt", "f8e4m3", "f32", "k,m", "n,k", "m: 128, n: 128, k: 128",
                           kBytesAcross.c_str(), "h200"},
                      Case{"bytes_narrow", "i8", "i32", "k,m", "k,n", "m: 128, n: 64, k: 128",
                           kBytesNarrow.c_str(), "a100"},
                      Case{"tf32_tn", "tf32", "f32", "k,m", "k,n", "m: 64, n: 64, k: 64",
                           kWideWords.c_str(), "a100"}),
    [](const auto& one) { return std::string(one.param.what); });

TEST(MmaStreamK, CutsTheLastWavesEvenlyWhateverTheGrid) {
  const Operator op = matmul("f16", "f16", "m,k", "k,n", "m: 88, n: 136, k: 200");
  const std::string tile = std::string(kTile) + "stages=3 stream_k=1 vector_a=8 vector_b=8 vector_c=8";
  for (const int blocks : {1, 2, 4, 5, 7, 9, 12, 40})  // of 9 tiles with 7 steps each
    EXPECT_EQ(run(op, mma(tile), "a100", nullptr, blocks), "") << blocks;
  EXPECT_EQ(run(op, mma(tile + " slice_k=2"), "a100", nullptr, 5), "");
  EXPECT_EQ(run(op, mma(tile), "t4"), "");
}

TEST(MmaRegisters, AreWhatIsExpected) {
  try {
    const Nvrtc nvrtc;
    const MmaContractionEmitter emitter;
    const Operator op = matmul("bf16", "bf16", "m,k", "k,n", "m: 256, n: 256, k: 256");
    const TileProgram program = mma(
        "block_m=128 block_n=128 block_k=32 warp_m=64 warp_n=64 stages=3 vector_a=8 vector_b=8 "
        "vector_c=8");
    const Hardware& a100 = find_hardware("a100");
    const auto compiled = nvrtc.compile(emitter.emit(op, program, a100), a100.arch);
    ASSERT_TRUE(std::holds_alternative<CompiledKernel>(compiled));
    const Resources& found = std::get<CompiledKernel>(compiled).resources;
    EXPECT_EQ(found.spill_bytes, 0);
    EXPECT_TRUE(found.warnings.empty());
    EXPECT_NEAR(found.registers, emitter.estimate(op, program, a100).registers,
                0.2 * found.registers);
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
}

TEST(MmaLegality, NamesWhatATensorCoreDoesNotDo) {
  const MmaContractionEmitter emitter;
  const auto why = [&](const char* type, const char* out, const char* knobs, const char* gpu) {
    return emitter
        .illegal(matmul(type, out, "m,k", "k,n", "m: 64, n: 64, k: 64"), mma(knobs),
                 find_hardware(gpu))
        .value_or("");
  };
  EXPECT_NE(why("f32", "f32", kScalar.c_str(), "a100").find("do not multiply f32"),
            std::string::npos);
  EXPECT_NE(why("bf16", "bf16", kScalar.c_str(), "t4").find("sm_80"), std::string::npos);
  EXPECT_NE(why("f8e4m3", "f16", kBytes.c_str(), "a100").find("sm_89"), std::string::npos);
  EXPECT_NE(why("f16", "f16", "block_m=24 block_n=64 block_k=32 warp_m=24 warp_n=32", "a100"), "");
}

}  // namespace
}  // namespace perftune::testing
