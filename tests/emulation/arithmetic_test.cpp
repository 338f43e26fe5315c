// The emulator's conversions against codegen-independent references: recipes/number_format for
// numbers, the PTX manual (9.7.9.22 cvt) for what NaN and overflow become.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "recipes/number_format.hpp"
#include "tests/emulation/micro_kernel.hpp"

namespace perftune::testing {
namespace {

// Bits of f32 that meet every rounding case: random patterns, halves of ulps of each format,
// powers of two, edges of the ranges.
std::vector<std::int32_t> hard_floats() {
  std::vector<float> values{
      0.0f,       -0.0f,    1.0f,       65504.0f, 65519.9f,
      65520.0f,   65536.0f, 448.0f,     464.0f,   480.0f,
      57344.0f,   61440.0f, 1e30f,      3.4e38f,  std::numeric_limits<float>::infinity(),
      0x1p-24f,   0x1p-25f, 0x1.8p-25f, 0x1p-9f,  0x1p-10f,
      0x1.8p-10f, 0x1p-16f, 0x1p-17f,   0x1p-149f};
  for (int exponent = -30; exponent < 18; ++exponent)
    for (const int mantissa_bits : {2, 3, 7, 10})
      for (const float part : {0.5f, 1.5f, 0.49f, 0.51f})
        values.push_back(std::ldexp(1.0f + part * std::ldexp(1.0f, -mantissa_bits), exponent));
  std::mt19937 random(7);
  while (values.size() % 256 != 128) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (value == value) values.push_back(value);
  }
  std::vector<std::int32_t> bits;
  for (const float value : values) {
    bits.push_back(std::bit_cast<std::int32_t>(value));
    bits.push_back(std::bit_cast<std::int32_t>(-value));
  }
  return bits;
}

std::uint32_t encoded(DType type, double value) {
  std::byte bytes[8] = {};
  encode(type, value, bytes);
  std::uint32_t bits = 0;
  std::memcpy(&bits, bytes, size_bytes(type));
  return bits;
}

struct Format {
  DType type;
  const char* conversion;
  std::uint32_t nan;
};

class Narrowing : public ::testing::TestWithParam<Format> {};

TEST_P(Narrowing, EqualsTheReferenceBitForBit) {
  std::vector<std::int32_t> input = hard_floats();
  const int n = static_cast<int>(input.size());
  MicroKernel kernel{.body =
                         "const u32 i = block_index_x() * 256 + thread_index();"
                         "global_store(out + i, i32(" +
                         std::string(GetParam().conversion) +
                         "(bit_cast<f32>(global_load(in + i))).bits));",
                     .input = input,
                     .outputs = n,
                     .threads = 256,
                     .blocks = n / 256,
                     .arch = 890};
  const MicroResult result = run(kernel);
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (std::size_t i = 0; i < input.size(); ++i) {
    const float value = std::bit_cast<float>(input[i]);
    EXPECT_EQ(static_cast<std::uint32_t>(result.output[i]), encoded(GetParam().type, value))
        << GetParam().conversion << " of " << value;
  }
}

TEST_P(Narrowing, GivesTheCanonicalNan) {
  const MicroResult result =
      run({.body = "global_store(out, i32(" + std::string(GetParam().conversion) +
                   "(bit_cast<f32>(0xffc00001u)).bits), thread_index() == 0);",
           .outputs = 1,
           .arch = 890});
  ASSERT_FALSE(result.failure) << result.failure->detail;
  EXPECT_EQ(static_cast<std::uint32_t>(result.output[0]), GetParam().nan);
}

INSTANTIATE_TEST_SUITE_P(Formats, Narrowing,
                         ::testing::Values(Format{DType::f16, "to_f16", 0x7fff},
                                           Format{DType::bf16, "to_bf16", 0x7fff},
                                           Format{DType::f8e4m3, "to_f8e4m3", 0x7f},
                                           Format{DType::f8e5m2, "to_f8e5m2", 0x7f}),
                         [](const auto& test) { return std::string(name(test.param.type)); });

TEST(EmulatedArithmetic, EveryNarrowValueWidensExactly) {
  // All patterns of the 16-bit formats, and in the low byte those of the 8-bit ones.
  const MicroResult result =
      run({.body = "const u32 i = block_index_x() * 256 + thread_index();"
                   "global_store(out + i, bit_cast<i32>(to_f32(f16{u16(i)})));"
                   "global_store(out + 65536 + i, bit_cast<i32>(to_f32(bf16{u16(i)})));"
                   "global_store(out + 131072 + i, bit_cast<i32>(to_f32(f8e4m3{u8(i)})));"
                   "global_store(out + 196608 + i, bit_cast<i32>(to_f32(f8e5m2{u8(i)})));",
           .outputs = 4 * 65536,
           .threads = 256,
           .blocks = 256,
           .max_steps = 10'000'000});
  ASSERT_FALSE(result.failure) << result.failure->detail;
  const DType types[] = {DType::f16, DType::bf16, DType::f8e4m3, DType::f8e5m2};
  for (std::uint32_t i = 0; i < 4 * 65536; ++i) {
    std::byte bytes[4];
    std::memcpy(bytes, &i, 4);
    const double expected = decode(types[i / 65536], bytes);
    const float got = std::bit_cast<float>(result.output[i]);
    if (std::isnan(expected))
      ASSERT_TRUE(std::isnan(got)) << name(types[i / 65536]) << " " << i % 65536;
    else
      ASSERT_EQ(got, expected) << name(types[i / 65536]) << " " << i % 65536;
  }
}

TEST(EmulatedArithmetic, RoundsToTf32AwayFromZeroOnTies) {
  // cvt.rna: half of the last of 10 mantissa bits goes up, anything less goes down.
  const MicroResult result = run(
      {.body = "global_store(out, i32(to_tf32(1.0f + 0x1p-11f).bits), thread_index() == 0);"
               "global_store(out + 1, i32(to_tf32(-1.0f - 0x1p-11f).bits), thread_index() == 0);"
               "global_store(out + 2, i32(to_tf32(1.0f + 0x1.fp-12f).bits), thread_index() == 0);",
       .outputs = 3});
  ASSERT_FALSE(result.failure) << result.failure->detail;
  EXPECT_EQ(std::bit_cast<float>(result.output[0]), 1.0f + 0x1p-10f);
  EXPECT_EQ(std::bit_cast<float>(result.output[1]), -1.0f - 0x1p-10f);
  EXPECT_EQ(std::bit_cast<float>(result.output[2]), 1.0f);
}

TEST(EmulatedArithmetic, IntegersRoundToEvenAndSaturate) {
  const MicroResult result = run(
      {.body =
           "const f32 x[] = {0.5f, 1.5f, -2.5f, 3e9f, -3e9f, 0.0f / 0.0f, 16777217.0f};"
           "global_store(out + thread_index(), to_i32(x[thread_index() % 7]), thread_index() < 7);"
           "global_store(out + 7, dot4(Vec<i8, 4>{1, -2, 3, -128}, Vec<i8, 4>{5, 6, -7, -128}, "
           "10), thread_index() == 0);"
           "global_store(out + 8, dot4(Vec<u8, 4>{255, 0, 0, 1}, Vec<i8, 4>{-1, 0, 0, 2}, 0), "
           "thread_index() == 0);"
           "global_store(out + 9, i32(permute_bytes(0x33221100u, 0x77665544u, 0x7250u)), "
           "thread_index() == 0);",
       .outputs = 10});
  ASSERT_FALSE(result.failure) << result.failure->detail;
  EXPECT_EQ(result.output,
            (std::vector<std::int32_t>{0, 2, -2, 2147483647, -2147483647 - 1, 0, 16777216,
                                       10 + 5 - 12 - 21 + 16384, -253, 0x77225500}));
}

}  // namespace
}  // namespace perftune::testing
