// Each alignment rule alone, on hardware numbers written by hand.
#include "tuner/construct/alignment_rules.hpp"

#include <gtest/gtest.h>

namespace perftune::rules {
namespace {

// An SM in the proportions of an A100.
Hardware ampere() {
  Hardware h;
  h.sms = 108;
  h.dram_gbps = 2000;
  h.sm.max_threads = 2048;
  h.sm.max_warps = 64;
  h.sm.max_blocks = 32;
  h.sm.shared_bytes = 164 * 1024;
  h.sm.shared_bytes_optin = 163 * 1024;
  h.sm.shared_bytes_reserved = 1024;
  return h;
}

TEST(PaddingWaste, IsTheShareOfElementsThatDoNotExist) {
  EXPECT_DOUBLE_EQ(padding_waste(1024, 128), 0.0);
  EXPECT_DOUBLE_EQ(padding_waste(100, 128), 0.28);
  EXPECT_DOUBLE_EQ(padding_waste(129, 128), 256.0 / 129 - 1);
}

TEST(PowerOfTwoAtLeast, HoldsExtentsBeyond32Bits) {
  EXPECT_EQ(power_of_two_at_least(0), 1);
  EXPECT_EQ(power_of_two_at_least(96), 128);
  EXPECT_EQ(power_of_two_at_least(3'000'000'000), std::int64_t{1} << 32);
}

TEST(SectorElements, FollowsTheType) {
  EXPECT_EQ(sector_elements(DType::f32), 8);
  EXPECT_EQ(sector_elements(DType::f16), 16);
  EXPECT_EQ(sector_elements(DType::i8), 32);
}

TEST(VectorElements, IsTheWidestAlignedPowerOfTwoUpTo16Bytes) {
  EXPECT_EQ(vector_elements(DType::f32, 64), 4);
  EXPECT_EQ(vector_elements(DType::f32, 6), 2);
  EXPECT_EQ(vector_elements(DType::f32, 7), 1);
  EXPECT_EQ(vector_elements(DType::f16, 8), 8);
  EXPECT_EQ(vector_elements(DType::f64, 4), 2);
}

TEST(ThreadsFit, WantsWholeWarpsWithinTheBlockLimit) {
  EXPECT_TRUE(threads_fit(ampere(), 256));
  EXPECT_TRUE(threads_fit(ampere(), 1024));
  EXPECT_FALSE(threads_fit(ampere(), 1056));
  EXPECT_FALSE(threads_fit(ampere(), 48));
  EXPECT_FALSE(threads_fit(ampere(), 0));
}

TEST(SharedFits, CountsTheOptInLimit) {
  EXPECT_TRUE(shared_fits(ampere(), 163 * 1024));
  EXPECT_FALSE(shared_fits(ampere(), 163 * 1024 + 1));
}

TEST(RegistersFit, DividesTheFileAmongResidentBlocks) {
  EXPECT_TRUE(registers_fit(ampere(), 255, 256, 1));
  EXPECT_TRUE(registers_fit(ampere(), 128, 256, 2));
  EXPECT_FALSE(registers_fit(ampere(), 129, 256, 2));  // 136 after rounding to 256 per warp
  EXPECT_FALSE(registers_fit(ampere(), 256, 32, 1));   // beyond the limit per thread
}

TEST(ResidentBlocks, TakesTheScarcestResource) {
  EXPECT_EQ(resident_blocks(ampere(), 256, 0, 32), 8 * 108);            // threads
  EXPECT_EQ(resident_blocks(ampere(), 256, 0, 128), 2 * 108);           // registers
  EXPECT_EQ(resident_blocks(ampere(), 256, 80 * 1024, 32), 2 * 108);    // shared, with the reserve
  EXPECT_EQ(resident_blocks(ampere(), 256, 82 * 1024, 32), 1 * 108);
  EXPECT_EQ(resident_blocks(ampere(), 32, 0, 16), 32 * 108);            // block slots
}

TEST(WaveEfficiency, CountsTheLastWaveAsWhatItIs) {
  EXPECT_DOUBLE_EQ(wave_efficiency(216, 108), 1.0);
  EXPECT_DOUBLE_EQ(wave_efficiency(109, 108), 109.0 / 216);
  EXPECT_DOUBLE_EQ(wave_efficiency(27, 108), 0.25);
}

TEST(GrowMFirst, PrefersTheShorterSideAndTheHeavierOperand) {
  EXPECT_TRUE(grow_m_first(32, 64, 64, 128, 4, 4));
  EXPECT_FALSE(grow_m_first(64, 32, 128, 64, 4, 4));
  // B's elements weigh four times A's: growing m, which reuses B, saves more.
  EXPECT_TRUE(grow_m_first(64, 64, 128, 128, 1, 4));
}

TEST(SplitK, FillsAnIdleMachineAndLeavesAFullOneAlone) {
  EXPECT_EQ(split_k_choices(1000, 108, 4096, 32, 2), std::vector<int>{1});
  const auto choices = split_k_choices(16, 108, 4096, 32, 2);
  EXPECT_EQ(choices.front(), 1);
  EXPECT_TRUE(std::count(choices.begin(), choices.end(), 6)) << "16 * 6 = 96 of 108 slots";
  for (const int split : choices) EXPECT_GE(4096 / split, 2 * 32);
}

TEST(SplitK, StopsWhereAPartWouldHaveTooFewSteps) {
  EXPECT_EQ(split_k_choices(1, 108, 100, 32, 2), std::vector<int>{1});
  for (const int split : split_k_choices(1, 108, 512, 32, 2)) EXPECT_LE(split, 8);
}

TEST(StreamK, PaysWhereTheLastWavesAreIdleAndTilesAreEnough) {
  EXPECT_TRUE(stream_k_pays(140, 132, 4096, 64)) << "8 tiles for 132 slots in the second wave";
  EXPECT_FALSE(stream_k_pays(264, 132, 4096, 64)) << "two whole waves";
  EXPECT_FALSE(stream_k_pays(260, 132, 4096, 64)) << "4 slots idle";
  EXPECT_FALSE(stream_k_pays(50, 132, 4096, 64)) << "split_k's case";
  EXPECT_FALSE(stream_k_pays(140, 132, 128, 64)) << "two steps";
}

TEST(StagesForLatency, NeedsMoreOfSmallerStages) {
  const int large = stages_for_latency(ampere(), 32 * 1024, 2);
  const int small = stages_for_latency(ampere(), 2 * 1024, 2);
  EXPECT_EQ(large, 2);
  EXPECT_GT(small, large);
}

TEST(BalancedIntensity, RisesWithTheRateOfArithmetic) {
  const double scalar = balanced_intensity(ampere(), 19.5e12);
  EXPECT_NEAR(scalar, 19.5e12 / (2.5 * 2000e9), 1e-9);
  EXPECT_GT(balanced_intensity(ampere(), 312e12), scalar);
}

}  // namespace
}  // namespace perftune::rules
