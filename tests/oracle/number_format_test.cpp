#include "recipes/number_format.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace perftune {
namespace {

double decode_bits(DType type, std::uint32_t bits) {
  std::byte stored[4];
  std::memcpy(stored, &bits, 4);
  return decode(type, stored);
}

std::uint32_t encode_bits(DType type, double value) {
  std::uint32_t bits = 0;
  std::byte stored[8] = {};
  encode(type, value, stored);
  std::memcpy(&bits, stored, size_bytes(type));
  return bits;
}

struct Format {
  DType type;
  std::uint32_t codes;
};

// All finite values with their codes, ascending; of the two zeros the positive one.
std::vector<std::pair<double, std::uint32_t>> finite_values(const Format& format) {
  std::vector<std::pair<double, std::uint32_t>> values;
  for (std::uint32_t code = 0; code < format.codes; ++code) {
    const double value = decode_bits(format.type, code);
    const bool negative_zero = value == 0 && std::signbit(value);
    if (std::isfinite(value) && !negative_zero) values.emplace_back(value, code);
  }
  std::sort(values.begin(), values.end());
  return values;
}

class NarrowFormats : public testing::TestWithParam<Format> {};

TEST_P(NarrowFormats, EveryFiniteCodeSurvivesARoundTrip) {
  const Format format = GetParam();
  for (std::uint32_t code = 0; code < format.codes; ++code) {
    const double value = decode_bits(format.type, code);
    if (std::isfinite(value)) {
      ASSERT_EQ(encode_bits(format.type, value), code) << value;
    }
  }
}

// Between each pair of neighbours: the midpoint goes to the even code, anything else to the nearer.
TEST_P(NarrowFormats, RoundsToNearestEvenEverywhere) {
  const Format format = GetParam();
  const auto values = finite_values(format);
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    const auto [low, low_code] = values[i];
    const auto [high, high_code] = values[i + 1];
    const double middle = low + (high - low) / 2;  // exact in float64
    const double even = (low_code & 1) == 0 ? low : high;
    ASSERT_EQ(round_to(format.type, middle), even) << low << " " << high;
    ASSERT_EQ(round_to(format.type, std::nextafter(middle, low)), low);
    ASSERT_EQ(round_to(format.type, std::nextafter(middle, high)), high);
  }
}

INSTANTIATE_TEST_SUITE_P(All, NarrowFormats,
                         testing::Values(Format{DType::f16, 65536}, Format{DType::bf16, 65536},
                                         Format{DType::f8e4m3, 256}, Format{DType::f8e5m2, 256}));

TEST(NumberFormat, KnownCodes) {
  EXPECT_EQ(decode_bits(DType::f16, 0x3c00), 1);
  EXPECT_EQ(decode_bits(DType::f16, 0x7bff), 65504);
  EXPECT_EQ(decode_bits(DType::f16, 0x0001), 0x1p-24);
  EXPECT_EQ(decode_bits(DType::bf16, 0x3f80), 1);
  EXPECT_EQ(decode_bits(DType::f8e4m3, 0x38), 1);
  EXPECT_EQ(decode_bits(DType::f8e4m3, 0x7e), 448);
  EXPECT_EQ(decode_bits(DType::f8e4m3, 0x01), 0x1p-9);
  EXPECT_EQ(decode_bits(DType::f8e5m2, 0x3c), 1);
  EXPECT_EQ(decode_bits(DType::f8e5m2, 0x7b), 57344);
  EXPECT_EQ(decode_bits(DType::f8e5m2, 0x7c), std::numeric_limits<double>::infinity());
  EXPECT_EQ(largest(DType::f16), 65504);
  EXPECT_EQ(largest(DType::f8e4m3), 448);
  EXPECT_EQ(largest(DType::f8e5m2), 57344);
}

TEST(NumberFormat, OverflowAndNan) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(encode_bits(DType::f16, 65519.99), 0x7bffU);
  EXPECT_EQ(encode_bits(DType::f16, 65520), 0x7c00U);  // the midpoint rounds to even: infinity
  EXPECT_EQ(encode_bits(DType::f16, -inf), 0xfc00U);
  EXPECT_EQ(encode_bits(DType::bf16, 1e39), 0x7f80U);
  EXPECT_EQ(encode_bits(DType::f8e4m3, 1e9), 0x7eU);
  EXPECT_EQ(encode_bits(DType::f8e4m3, -inf), 0xfeU);
  EXPECT_EQ(encode_bits(DType::f8e5m2, 1e9), 0x7bU);
  for (const DType type : {DType::f64, DType::f32, DType::tf32, DType::f16, DType::bf16,
                           DType::f8e4m3, DType::f8e5m2}) {
    EXPECT_TRUE(std::isnan(round_to(type, nan))) << name(type);
  }
  EXPECT_EQ(encode_bits(DType::f16, 1e-300), 0U);
  EXPECT_EQ(encode_bits(DType::f16, -1e-300), 0x8000U);
}

TEST(NumberFormat, Tf32KeepsTenBits) {
  EXPECT_EQ(round_to(DType::tf32, 1 + 0x1p-10), 1 + 0x1p-10);
  EXPECT_EQ(round_to(DType::tf32, 1 + 0x1p-11), 1);
  EXPECT_EQ(round_to(DType::tf32, 1 + 3 * 0x1p-11), 1 + 2 * 0x1p-10);
  EXPECT_EQ(encode_bits(DType::tf32, 1.0 / 3) & 0x1fffU, 0U);
  EXPECT_NEAR(round_to(DType::tf32, 1.0 / 3), 1.0 / 3, 0x1p-13);
}

TEST(NumberFormat, F32IsRoundedOnce) {
  EXPECT_EQ(encode_bits(DType::f32, 0.1), std::bit_cast<std::uint32_t>(0.1F));
  // Halfway in f16 but for a bit that f32 would drop: rounding by way of f32 gives 1.
  EXPECT_EQ(round_to(DType::f16, 1 + 0x1p-11 + 0x1p-40), 1 + 0x1p-10);
}

TEST(NumberFormat, IntegersSaturateAndRoundToEven) {
  EXPECT_EQ(round_to(DType::i8, 2.5), 2);
  EXPECT_EQ(round_to(DType::i8, 3.5), 4);
  EXPECT_EQ(round_to(DType::i8, 1000), 127);
  EXPECT_EQ(round_to(DType::i8, -1000), -128);
  EXPECT_EQ(round_to(DType::u8, -3), 0);
  EXPECT_EQ(round_to(DType::u8, 255.6), 255);
  EXPECT_EQ(round_to(DType::i32, 1e18), 2147483647);
  EXPECT_EQ(round_to(DType::i32, std::numeric_limits<double>::quiet_NaN()), 0);
  EXPECT_EQ(round_to(DType::boolean, -0.25), 1);
  EXPECT_EQ(round_to(DType::boolean, 0), 0);
}

TEST(NumberFormat, ArraysAndStrides) {
  const std::vector<double> values{1, -2, 0.5, 3};
  for (const DType type : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::f8e4m3}) {
    std::vector<std::byte> stored(values.size() * size_bytes(type));
    encode(type, values, stored);
    std::vector<double> back(values.size());
    decode(type, stored, back);
    EXPECT_EQ(back, values) << name(type);
    std::vector<double> reversed(2);
    decode(type, stored.data() + 3 * size_bytes(type), -2, reversed);
    EXPECT_EQ(reversed, (std::vector<double>{3, -2})) << name(type);
  }
}

}  // namespace
}  // namespace perftune
