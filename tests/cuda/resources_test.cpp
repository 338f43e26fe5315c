// What NVRTC makes of emitted kernels: they compile on every architecture, use the instructions
// that they are meant to use, do not spill, and need what the estimate says.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "codegen/cuda/contraction_simt.hpp"
#include "executor/nvrtc.hpp"
#include "executor/vendor_library.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "tests/cuda/cuda_case.hpp"

namespace perftune::testing {
namespace {

class Compiled : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      nvrtc_ = std::make_unique<Nvrtc>();
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
  CompiledKernel compile(const Operator& op, const TileProgram& program, const char* gpu) const {
    const Hardware& hardware = find_hardware(gpu);
    EXPECT_EQ(emitter_.illegal(op, program, hardware), std::nullopt) << program.text();
    auto result = nvrtc_->compile(emitter_.emit(op, program, hardware), hardware.arch);
    if (const auto* failure = std::get_if<Failure>(&result)) {
      ADD_FAILURE() << failure->detail << "\n" << program.text();
      return {};
    }
    return std::get<CompiledKernel>(std::move(result));
  }
  std::string ptx(const Operator& op, const TileProgram& program, const char* gpu) const {
    const Hardware& hardware = find_hardware(gpu);
    auto result = nvrtc_->ptx(emitter_.emit(op, program, hardware), hardware.arch);
    if (const auto* failure = std::get_if<Failure>(&result)) {
      ADD_FAILURE() << failure->detail;
      return {};
    }
    return std::get<std::string>(std::move(result));
  }

  SimtContractionEmitter emitter_;
  std::unique_ptr<Nvrtc> nvrtc_;
};

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

const char* const kLarge =
    "block_m=128 block_n=128 block_k=16 warp_m=64 warp_n=32 thread_m=8 thread_n=8 stages=3 "
    "vector_a=4 vector_b=4 vector_c=4 raster=4";
const char* const kSmall =
    "block_m=64 block_n=64 block_k=32 warp_m=32 warp_n=16 thread_m=4 thread_n=4 slice_k=2 "
    "vector_a=4 vector_b=4 vector_c=4 split_k=3";
const char* const kRow =
    "block_m=1 block_n=128 block_k=64 warp_m=1 warp_n=128 thread_m=1 thread_n=4 slice_k=4 stages=4 "
    "vector_a=4 vector_b=4 vector_c=4";

TEST_F(Compiled, TilePressureIsWhatTheEstimateSays) {
  const Operator large = matmul("f32", "f32", "m,k", "k,n", "m: 1024, n: 1024, k: 1024");
  const Operator row = matmul("f32", "f32", "m,k", "n,k", "m: 1, n: 4096, k: 4096");
  struct Sample {
    const Operator* op;
    const char* knobs;
    const char* gpu;
  };
  int close = 0, all = 0;
  for (const Sample& s : {Sample{&large, kLarge, "a100"}, {&large, kLarge, "t4"},
                          {&large, kSmall, "a100"}, {&large, kSmall, "b200"},
                          {&row, kRow, "h200"}}) {
    const TileProgram program = simt(s.knobs);
    const CompiledKernel kernel = compile(*s.op, program, s.gpu);
    const Resources expected = emitter_.estimate(*s.op, program, find_hardware(s.gpu));
    const Resources& found = kernel.resources;
    EXPECT_EQ(found.spill_bytes, 0) << s.gpu << " " << s.knobs;
    EXPECT_TRUE(found.warnings.empty()) << found.warnings.front();
    // The source asserts that the device's count of dynamic shared memory is the host's.
    EXPECT_EQ(found.shared_bytes + emitter_.bind(*s.op, program, find_hardware(s.gpu))
                                       .dynamic_shared_bytes,
              expected.shared_bytes);
    EXPECT_EQ(kernel.binary.substr(1, 3), "ELF");
    const double ratio = static_cast<double>(expected.registers) / found.registers;
    close += std::abs(ratio - 1) <= 0.2;
    all += 1;
    EXPECT_LT(std::abs(ratio - 1), 0.6) << found.registers << " " << s.gpu << " " << s.knobs;
  }
  EXPECT_GE(close, all - 1);
}

TEST_F(Compiled, GlobalReadsAreVectorsAndFromAmpereOnAsynchronous) {
  const Operator op = matmul("f32", "f32", "m,k", "k,n", "m: 1024, n: 1024, k: 1024");
  const std::string ampere = ptx(op, simt(kLarge), "a100");
  EXPECT_TRUE(contains(ampere, "cp.async.cg.shared.global"));
  EXPECT_TRUE(contains(ampere, "st.global.v4"));
  EXPECT_TRUE(contains(ampere, "ld.shared.v4"));
  EXPECT_FALSE(contains(ampere, "ld.global.nc.v4"));
  const std::string turing = ptx(op, simt(kLarge), "t4");
  EXPECT_FALSE(contains(turing, "cp.async"));
  EXPECT_TRUE(contains(turing, "ld.global.nc.v4"));
}

TEST_F(Compiled, BytesMultiplyFourAtATime) {
  const Operator op = matmul("i8", "i32", "m,k", "n,k", "m: 256, n: 256, k: 256");
  const auto program = simt(
      "block_m=64 block_n=64 block_k=64 warp_m=32 warp_n=16 thread_m=4 thread_n=4 vector_a=16 "
      "vector_b=16 vector_c=4");
  EXPECT_TRUE(contains(ptx(op, program, "a100"), "dp4a.s32.s32"));
}

TEST_F(Compiled, AWrongSourceIsAFailureWithItsReason) {
  Kernel kernel;
  kernel.entry = "broken";
  kernel.source = "extern \"C\" __global__ void broken() { not_declared(); }";
  const auto result = nvrtc_->compile(kernel, "sm_80");
  ASSERT_TRUE(std::holds_alternative<Failure>(result));
  EXPECT_EQ(std::get<Failure>(result).kind, OutcomeKind::compile_failed);
  EXPECT_NE(std::get<Failure>(result).detail.find("not_declared"), std::string::npos);
}

TEST_F(Compiled, KnowsWhatItCompilesFor) {
  EXPECT_TRUE(nvrtc_->supports("sm_90a"));
  EXPECT_FALSE(nvrtc_->supports("sm_30"));
  EXPECT_FALSE(nvrtc_->supports("avx512"));
  EXPECT_NE(nvrtc_->version().find('.'), std::string::npos);
}

TEST(NvrtcLibrary, AnAbsentLibraryIsUnavailable) {
  const std::vector<std::string> names{"libno-such-library.so.1"};
  try {
    VendorLibrary library("NVRTC", names, {});
    FAIL() << "found " << library.path();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  }
}

}  // namespace
}  // namespace perftune::testing
