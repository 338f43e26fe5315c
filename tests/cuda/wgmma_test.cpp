// Emitted cuda/wgmma kernels: right in the emulator for layouts, edges, clusters and splits; compiled
// without spills or a compiler's warning.
#include <gtest/gtest.h>

#include "codegen/cuda/contraction_wgmma.hpp"
#include "executor/emulated_device.hpp"
#include "executor/nvrtc.hpp"
#include "executor/verification.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "tests/cuda/cuda_case.hpp"

namespace perftune::testing {
namespace {

TileProgram wgmma(const std::string& knobs) {
  return TileProgram::parse("contraction cuda/wgmma producers=4 " + knobs);
}

// Runs `op` itself, not a shrunk form, by `blocks` blocks (0: a quarter of the launch's, so that each
// has several tiles); empty when it agrees with the oracle.
std::string run(const Operator& op, const TileProgram& program, int blocks = 0) {
  const Hardware& hardware = find_hardware("h200");
  const WgmmaContractionEmitter emitter;
  if (const auto why = emitter.illegal(op, program, hardware)) return "illegal: " + *why;
  Failure failure;
  const auto compiled = compile_for_emulation(emitter.emit(op, program, hardware),
                                              HostCompiler::find().value(), 60, failure);
  if (!compiled) return failure.detail;
  EmulatedDevice device(hardware);
  Launch launch = with_turns(with_turns(emitter.bind(op, program, hardware)));
  if (blocks > 0) launch.grid[0] = blocks;
  const auto wrong = verify_on(device, op, *compiled, launch, 5);
  return wrong ? wrong->detail : "";
}

struct Case {
  const char* what;
  const char *type, *out, *a, *b, *dims, *knobs;
};

class EmittedWgmma : public ::testing::TestWithParam<Case> {};

TEST_P(EmittedWgmma, AgreesWithTheOracle) {
  const Case& c = GetParam();
  EXPECT_EQ(run(matmul(c.type, c.out, c.a, c.b, c.dims), wgmma(c.knobs)), "");
}

constexpr const char* kNarrow =
    "block_m=64 block_n=32 block_k=64 warp_m=16 warp_n=32 stages=3 vector_c=8 raster=2";
constexpr const char* kTwoWarpgroups =
    "block_m=128 block_n=64 block_k=64 warp_m=16 warp_n=64 stages=2 vector_c=8";
constexpr const char* kTwoProducts =
    "block_m=128 block_n=96 block_k=64 warp_m=32 warp_n=96 stages=2 vector_c=4";
constexpr const char* kDeep =
    "block_m=64 block_n=16 block_k=128 warp_m=16 warp_n=16 stages=2 vector_c=8";
constexpr const char* kShallow =
    "block_m=64 block_n=64 block_k=16 warp_m=16 warp_n=64 stages=5 vector_c=8";
constexpr const char* kSplit =
    "block_m=64 block_n=32 block_k=64 warp_m=16 warp_n=32 stages=2 split_k=3 vector_c=8";
constexpr const char* kSwapped =
    "block_m=8 block_n=64 block_k=64 warp_m=8 warp_n=16 stages=3 swap=1 vector_c=8";
constexpr const char* kSwappedWide =
    "block_m=64 block_n=128 block_k=64 warp_m=64 warp_n=16 stages=2 swap=1 split_k=2 vector_c=4";
constexpr const char* kClusterM =
    "block_m=64 block_n=32 block_k=64 warp_m=16 warp_n=32 stages=3 cluster_m=2 vector_c=8";
constexpr const char* kClusterN =
    "block_m=64 block_n=32 block_k=64 warp_m=16 warp_n=32 stages=3 cluster_n=2 vector_c=8";
constexpr const char* kClusterBoth =
    "block_m=64 block_n=32 block_k=64 warp_m=16 warp_n=32 stages=2 cluster_m=2 cluster_n=2 "
    "vector_c=8";
constexpr const char* kScalarStores =
    "block_m=64 block_n=64 block_k=64 warp_m=16 warp_n=64 stages=3";
constexpr const char* kBytes =
    "block_m=64 block_n=32 block_k=128 warp_m=16 warp_n=32 stages=3 vector_c=4";
constexpr const char* kWords =
    "block_m=64 block_n=32 block_k=32 warp_m=16 warp_n=32 stages=3 vector_c=4";
constexpr const char* kByteStores =
    "block_m=64 block_n=64 block_k=64 warp_m=16 warp_n=64 stages=3 vector_c=16";
constexpr const char* kTensorStore =
    "block_m=128 block_n=96 block_k=64 warp_m=16 warp_n=96 stages=2 tensor_store=1 vector_c=2";
constexpr const char* kTensorStoreNarrow =
    "block_m=64 block_n=8 block_k=64 warp_m=16 warp_n=8 stages=3 tensor_store=1 vector_c=2";
constexpr const char* kRagged = "m: 200, n: 72, k: 328";

INSTANTIATE_TEST_SUITE_P(
    Problems, EmittedWgmma,
    ::testing::Values(
        Case{"bf16_nt", "bf16", "bf16", "m,k", "n,k", kRagged, kNarrow},
        Case{"bf16_nn", "bf16", "bf16", "m,k", "k,n", kRagged, kNarrow},
        Case{"f16_tn", "f16", "f16", "k,m", "k,n", kRagged, kTwoWarpgroups},
        Case{"f16_tt", "f16", "f16", "k,m", "n,k", kRagged, kTwoProducts},
        Case{"deep_steps_nn", "bf16", "bf16", "m,k", "k,n", "m: 72, n: 40, k: 520", kDeep},
        Case{"deep_steps_nt", "bf16", "bf16", "m,k", "n,k", "m: 72, n: 40, k: 520", kDeep},
        Case{"shallow_steps_tt", "bf16", "bf16", "k,m", "n,k", "m: 72, n: 136, k: 104", kShallow},
        Case{"shallow_steps_nn", "bf16", "bf16", "m,k", "k,n", "m: 72, n: 136, k: 104", kShallow},
        Case{"split_k", "bf16", "bf16", "m,k", "n,k", "m: 72, n: 40, k: 712", kSplit},
        Case{"swap_nt", "bf16", "bf16", "m,k", "n,k", "m: 13, n: 136, k: 328", kSwapped},
        Case{"swap_nn", "f16", "f16", "m,k", "k,n", "m: 13, n: 136, k: 328", kSwapped},
        Case{"swap_tn", "f16", "f16", "k,m", "k,n", "m: 16, n: 136, k: 328", kSwapped},
        Case{"swap_wide_split", "bf16", "f32", "m,k", "n,k", "m: 77, n: 136, k: 328", kSwappedWide},
        Case{"cluster_m", "bf16", "bf16", "m,k", "k,n", kRagged, kClusterM},
        Case{"cluster_n", "bf16", "bf16", "k,m", "n,k", kRagged, kClusterN},
        Case{"cluster_both", "bf16", "bf16", "m,k", "n,k", kRagged, kClusterBoth},
        Case{"tf32", "tf32", "f32", "m,k", "n,k", "m: 72, n: 40, k: 212", kWords},
        Case{"f8", "f8e4m3", "f32", "m,k", "n,k", "m: 72, n: 40, k: 656", kBytes},
        Case{"f8_wide", "f8e5m2", "f16", "m,k", "n,k", "m: 72, n: 40, k: 656", kBytes},
        Case{"f8_stored", "f8e4m3", "f8e4m3", "m,k", "n,k", "m: 72, n: 80, k: 272", kByteStores},
        Case{"f8_promoted", "f8e4m3", "f32", "m,k", "n,k", "m: 72, n: 40, k: 656",
             "block_m=64 block_n=32 block_k=128 warp_m=16 warp_n=32 stages=3 vector_c=4 promote=2"},
        Case{"f8_promoted_each_step", "f8e5m2", "f16", "m,k", "n,k", "m: 200, n: 80, k: 656",
             "block_m=128 block_n=64 block_k=64 warp_m=16 warp_n=64 stages=3 tensor_store=1 vector_c=2 promote=1"},
        Case{"i8", "i8", "i32", "m,k", "n,k", "m: 72, n: 40, k: 656", kBytes},
        Case{"u8", "u8", "i32", "m,k", "n,k", "m: 72, n: 40, k: 656", kBytes},
        Case{"tensor_store", "bf16", "bf16", "m,k", "n,k", "m: 200, n: 200, k: 200", kTensorStore},
        Case{"tensor_store_words", "bf16", "f32", "m,k", "k,n", "m: 200, n: 104, k: 200", kTensorStore},
        Case{"tensor_store_narrow", "f16", "f16", "m,k", "n,k", "m: 72, n: 24, k: 200", kTensorStoreNarrow},
        Case{"tensor_store_bytes", "f8e4m3", "f8e4m3", "m,k", "n,k", "m: 72, n: 48, k: 272",
             "block_m=64 block_n=32 block_k=128 warp_m=16 warp_n=32 stages=2 tensor_store=1 vector_c=2"},
        Case{"odd_output", "bf16", "bf16", "m,k", "n,k", "m: 67, n: 71, k: 200", kScalarStores},
        Case{"one_row", "bf16", "bf16", "m,k", "n,k", "m: 1, n: 136, k: 264", kSwapped}),
    [](const auto& one) { return std::string(one.param.what); });

TEST(WgmmaBatches, EachHasItsOwnTilesAndABroadcastOperandHasOne) {
  const auto batched = [](const char* b) {
    return parse_operator_text(
               std::string("name: t\ndims: {g: 3, m: 72, n: 40, k: 136}\ninputs: {A: "
                           "\"bf16[g,m,k]\", B: \"bf16[") +
                   b + "]\", bias: \"bf16[n]\"}\noutputs: {C: \"bf16[g,m,n]\"}\ncompute:\n  - " +
                   "C[g,m,n] = relu(sum[k](A[g,m,k] * B[" + b + "]) + bias[n])\n",
               "t")
        .front()
        .op;
  };
  EXPECT_EQ(run(batched("g,n,k"), wgmma(kNarrow)), "");
  EXPECT_EQ(run(batched("g,k,n"), wgmma(kClusterM)), "");
  EXPECT_EQ(run(batched("k,n"), wgmma(kTensorStore)), "");
}

TEST(WgmmaStreamK, CutsTheLastWavesEvenlyWhateverTheGrid) {
  const Operator op = matmul("bf16", "bf16", "m,k", "n,k", "m: 200, n: 72, k: 328");
  const std::string tile = "block_m=64 block_n=32 block_k=64 warp_m=16 warp_n=32 stages=3 stream_k=1 ";
  for (const int blocks : {1, 2, 5, 7, 8, 12, 16, 50})  // of 12 tiles with 6 steps each
    EXPECT_EQ(run(op, wgmma(tile + "vector_c=8"), blocks), "") << blocks;
  for (const int blocks : {2, 6, 10, 14})
    EXPECT_EQ(run(op, wgmma(tile + "cluster_m=2 tensor_store=1 vector_c=2"), blocks), "") << blocks;
}

TEST(WgmmaTypes, MixedFloatsOfEightBitsAndRoundingOnTheWayIn) {
  const auto product = [](const char* a, const char* b, const char* value) {
    return parse_operator_text(
               fmt::format("name: t\ndims: {{m: 72, n: 40, k: 272}}\ninputs: {{A: \"{}[m,k]\", B: "
                           "\"{}[n,k]\"}}\noutputs: {{C: \"f32[m,n]\"}}\ncompute:\n  - C[m,n] = "
                           "sum[k]({})\n", a, b, value), "t")
        .front()
        .op;
  };
  EXPECT_EQ(run(product("f8e4m3", "f8e5m2", "A[m,k] * B[n,k]"), wgmma(kBytes)), "");
  EXPECT_EQ(run(product("f8e5m2", "f8e4m3", "A[m,k] * B[n,k]"), wgmma(kBytes)), "");
  EXPECT_EQ(run(product("f32", "f32", "cast(A[m,k], tf32) * cast(B[n,k], tf32)"), wgmma(kWords)), "");
}

class CompiledWgmma : public ::testing::TestWithParam<const char*> {};

TEST_P(CompiledWgmma, NeitherSpillsNorWaitsForEveryProduct) {
  try {
    const Nvrtc nvrtc;
    const WgmmaContractionEmitter emitter;
    const Hardware& hardware = find_hardware("h200");
    const Operator op = matmul("bf16", "bf16", "m,k", "k,n", "m: 4096, n: 4096, k: 4096");
    const TileProgram program = wgmma(GetParam());
    ASSERT_EQ(emitter.illegal(op, program, hardware), std::nullopt);
    const auto result = nvrtc.compile(emitter.emit(op, program, hardware), hardware.arch);
    ASSERT_TRUE(std::holds_alternative<CompiledKernel>(result)) << std::get<Failure>(result).detail;
    const Resources& found = std::get<CompiledKernel>(result).resources;
    const Resources expected = emitter.estimate(op, program, hardware);
    EXPECT_EQ(found.spill_bytes, 0);
    EXPECT_TRUE(found.warnings.empty()) << found.warnings.front();
    EXPECT_LE(found.registers, expected.registers * 1.2);
    EXPECT_EQ(emitter.bind(op, program, hardware).dynamic_shared_bytes, expected.shared_bytes);
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Programs, CompiledWgmma,
    ::testing::Values(
        "block_m=128 block_n=256 block_k=64 warp_m=16 warp_n=256 stages=4 cluster_m=2 vector_c=8",
        "block_m=128 block_n=256 block_k=64 warp_m=16 warp_n=256 stages=4 cluster_n=2 tensor_store=1 "
        "vector_c=2",
        "block_m=256 block_n=128 block_k=64 warp_m=32 warp_n=128 stages=4 split_k=2 vector_c=8",
        "block_m=64 block_n=64 block_k=64 warp_m=16 warp_n=64 stages=3 vector_c=8",
        "block_m=128 block_n=256 block_k=64 warp_m=16 warp_n=256 stages=4 stream_k=1 tensor_store=1 "
        "vector_c=2",
        "block_m=32 block_n=128 block_k=64 warp_m=32 warp_n=16 stages=4 swap=1 vector_c=8"));

TEST(WgmmaLegality, NamesWhatTmaAndTheInstructionDoNotDo) {
  const WgmmaContractionEmitter emitter;
  const auto why = [&](const char* type, const char* dims, const char* knobs, const char* gpu = "h200") {
    return emitter.illegal(matmul(type, "f32", "m,k", "k,n", dims), wgmma(knobs), find_hardware(gpu))
        .value_or("");
  };
  const char* const fits = "m: 128, n: 128, k: 128";
  EXPECT_EQ(why("bf16", fits, kNarrow), "c cannot be written in vectors of 8");
  EXPECT_NE(why("bf16", fits, kScalarStores, "a100").find("sm_90a"), std::string::npos);
  EXPECT_NE(why("bf16", "m: 128, n: 128, k: 100", kScalarStores).find("rows of a are 200 bytes apart"),
            std::string::npos);
  EXPECT_NE(why("bf16", "m: 128, n: 100, k: 128", kScalarStores).find("rows of b are 200 bytes apart"),
            std::string::npos);
  EXPECT_NE(why("f32", fits, kScalarStores).find("f32 by f32"), std::string::npos);
  EXPECT_NE(why("f8e4m3", fits, kBytes).find("16-bit types only"), std::string::npos);
  EXPECT_NE(why("bf16", fits, "block_m=64 block_n=48 block_k=64 warp_m=16 warp_n=48").find("48"),
            std::string::npos);
}

}  // namespace
}  // namespace perftune::testing
