// wgmma in the emulator: products against integer arithmetic, layouts worked out by hand, and what
// its missing fences and waits do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executor/nvrtc.hpp"
#include "recipes/error.hpp"
#include "tests/emulation/hopper_kernel.hpp"

namespace perftune::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

// A 64 x 16 and B 16 columns x 16 of small bf16 integers are written by threads, K-major without
// swizzle: core matrices of 8 rows x 16 bytes, 8-row groups 256 bytes apart, k halves 128 bytes.
constexpr const char* kWgmma =
    "const u32 t = thread_index(); const u32 B = 4096;"
    "for (u32 i = t; i < 64 * 16; i += 128) { const u32 r = i / 16, k = i % 16;"
    "  shared_store<u16>(r / 8 * 256 + k / 8 * 128 + r % 8 * 16 + k % 8 * 2, "
    "to_bf16(f32(global_load(in + i))).bits); }"
    "for (u32 i = t; i < 16 * 16; i += 128) { const u32 n = i / 16, k = i % 16;"
    "  shared_store<u16>(B + n / 8 * 256 + k / 8 * 128 + n % 8 * 16 + k % 8 * 2, "
    "to_bf16(f32(global_load(in + 1024 + i))).bits); }"
    "fence_async_proxy(); sync_block();"
    "f32 c[8]; for (int i = 0; i < 8; ++i) c[i] = 5.0f;"
    "const u64 a = wgmma_descriptor(0, 128, 256, Swizzle::none), b = wgmma_descriptor(B, 128, 256, "
    "Swizzle::none);"
    "wgmma_fence();"
    "Wgmma<bf16, bf16, 16>::run(c, a, b, false); Wgmma<bf16, bf16, 16>::run(c, a, b, true);"
    "wgmma_commit(); wgmma_wait<0>(c);"
    "const u32 w = t / 32, g = t % 32 / 4;"
    "for (u32 i = 0; i < 8; ++i) global_store(out + (16 * w + g + 8 * (i / 2 % 2)) * 16 + 8 * (i / "
    "4) + 2 * (t % 4) + i % 2, i32(c[i]));";

MicroKernel wgmma_kernel(std::string body) {
  MicroKernel kernel = hopper(std::move(body));
  kernel.input.resize(1024 + 256);
  for (int i = 0; i < 1280; ++i)
    kernel.input[static_cast<std::size_t>(i)] = (i * 5 + i / 7) % 9 - 4;
  kernel.outputs = 1024;
  return kernel;
}

void expect_product(const MicroKernel& kernel, int factor) {
  const MicroResult result = run(kernel);
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int m = 0; m < 64; ++m)
    for (int n = 0; n < 16; ++n) {
      int sum = 0;
      for (int k = 0; k < 16; ++k)
        sum += kernel.input[static_cast<std::size_t>(m * 16 + k)] *
               kernel.input[static_cast<std::size_t>(1024 + n * 16 + k)];
      ASSERT_EQ(result.output[static_cast<std::size_t>(m * 16 + n)], factor * sum) << m << " " << n;
    }
}

TEST(EmulatedWgmma, MultipliesFromSharedMemory) { expect_product(wgmma_kernel(kWgmma), 2); }

TEST(EmulatedWgmma, TakesMnMajorOperandsAndSwizzles) {
  // B n-major with 32-byte swizzle: 16 columns are one span, groups of 8 k lie 256 bytes apart.
  std::string body = with(kWgmma, "B + n / 8 * 256 + k / 8 * 128 + n % 8 * 16 + k % 8 * 2",
                          "B + k / 8 * 256 + k % 8 * 32 + (n / 8 ^ k % 8 / 4) * 16 + n % 8 * 2");
  body = with(body, "wgmma_descriptor(B, 128, 256, Swizzle::none)",
              "wgmma_descriptor(B, 0, 256, Swizzle::bytes_32)");
  body = with(body, "Wgmma<bf16, bf16, 16>::run(c, a, b, false); Wgmma<bf16, bf16, 16>::run",
              "Wgmma<bf16, bf16, 16, false, true>::run(c, a, b, false); Wgmma<bf16, bf16, 16, "
              "false, true>::run");
  expect_product(wgmma_kernel(body), 2);
  // A K-major in rows of 128 bytes, swizzled, of which 32 bytes are used, from 64 bytes into the
  // row.
  body = with(kWgmma, "shared_store<u16>(r / 8 * 256 + k / 8 * 128 + r % 8 * 16 + k % 8 * 2",
              "shared_store<u16>(16384 + r * 128 + ((4 + k / 8) ^ r % 8) * 16 + k % 8 * 2");
  body = with(body, "wgmma_descriptor(0, 128, 256, Swizzle::none)",
              "wgmma_descriptor(16384 + 64, 16, 1024, Swizzle::bytes_128)");
  expect_product(wgmma_kernel(body), 2);
}

TEST(EmulatedWgmma, TakesAFromRegisters) {
  const std::string registers =
      "u32 ar[4]; for (u32 r = 0; r < 4; ++r) { const u32 row = t / 32 * 16 + t % 32 / 4 + r % 2 * "
      "8, k = t % 4 * 2 + r / 2 * 8;"
      "ar[r] = u32(to_bf16(f32(global_load(in + row * 16 + k))).bits) | "
      "u32(to_bf16(f32(global_load(in + row * 16 + k + 1))).bits) << 16; }";
  std::string body = with(kWgmma, "wgmma_fence();", registers + "wgmma_fence();");
  body = with(body, "run(c, a, b, false)", "run(c, ar, b, false)");
  expect_product(wgmma_kernel(with(body, "run(c, a, b, true)", "run(c, ar, b, true)")), 2);
}

TEST(EmulatedWgmma, EveryMissingFenceAndWaitIsFound) {
  const auto defect = [](std::string body) { return defect_of(wgmma_kernel(std::move(body))); };
  EXPECT_THAT(defect(without(kWgmma, "wgmma_fence();")), HasSubstr("without wgmma_fence"));
  EXPECT_THAT(defect(without(kWgmma, "fence_async_proxy();")),
              HasSubstr("needs fence_async_proxy"));
  EXPECT_THAT(defect(without(kWgmma, "sync_block();")),
              AnyOf(HasSubstr("races"), HasSubstr("nothing wrote")));
  EXPECT_THAT(defect(without(kWgmma, "wgmma_wait<0>(c);")), HasSubstr("nobody waited for"));
  EXPECT_THAT(defect(without(kWgmma, "wgmma_commit();")), HasSubstr("nobody waited for"));
  EXPECT_THAT(defect(with(kWgmma, "wgmma_commit();", "c[0] += 1.0f; wgmma_commit();")),
              HasSubstr("before wgmma_wait"));
  EXPECT_THAT(defect(with(kWgmma, "wgmma_commit();",
                          "if (t == 0) shared_store<u16>(0, u16(1)); wgmma_commit();")),
              HasSubstr("still being read"));
  EXPECT_THAT(defect(with(kWgmma, "wgmma_fence();", "wgmma_fence(); if (t >= 96) return;")),
              HasSubstr("wait at wgmma"));
}

TEST(EmulatedWgmma, AWrongDescriptorGivesAWrongProduct) {
  for (const char* wrong : {"wgmma_descriptor(0, 256, 256, Swizzle::none)",
                            "wgmma_descriptor(0, 128, 128, Swizzle::none)",
                            "wgmma_descriptor(0, 128, 256, Swizzle::bytes_32)"}) {
    const MicroKernel kernel =
        wgmma_kernel(with(kWgmma, "wgmma_descriptor(0, 128, 256, Swizzle::none)", wrong));
    const MicroResult good = run(wgmma_kernel(kWgmma));
    const MicroResult bad = run(kernel);
    EXPECT_TRUE(bad.failure || bad.output != good.output) << wrong;
  }
}

TEST(EmulatedWgmma, TheSameTextCompilesForTheDevice) {
  try {
    const auto ptx = Nvrtc().ptx(emit(wgmma_kernel(kWgmma)), "sm_90a");
    ASSERT_TRUE(std::holds_alternative<std::string>(ptx)) << std::get<Failure>(ptx).detail;
    EXPECT_THAT(std::get<std::string>(ptx),
                HasSubstr("wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16"));
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
}

}  // namespace
}  // namespace perftune::testing
