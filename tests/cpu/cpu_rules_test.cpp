// The CPU alignment rules on hardware that is plain data.
#include "tuner/construct/cpu_rules.hpp"

#include <gtest/gtest.h>

namespace perftune::rules {
namespace {

CpuLimits avx512() {
  CpuLimits cpu;
  cpu.vector_registers = 32;
  cpu.fma_latency = 4, cpu.fma_per_cycle = 2;
  cpu.l1_bytes = 48 << 10, cpu.l2_bytes = 1 << 20, cpu.l3_bytes = 32 << 20;
  cpu.clock_ghz = 4;
  return cpu;
}

TEST(CpuRules, SumsHideTheLatency) { EXPECT_EQ(sums_to_hide_latency(avx512()), 8); }

TEST(CpuRules, RowsFillTheRegistersAndNoMore) {
  for (int vectors = 1; vectors <= 8; ++vectors) {
    const auto rows = rows_that_fit(avx512(), vectors);
    EXPECT_LE(rows * vectors + vectors + 1, 32);
    EXPECT_GT((rows + 1) * vectors + vectors + 1, 32);
  }
}

TEST(CpuRules, RegisterBlocksKeepThePipesBusyAndFit) {
  const auto blocks = register_blocks(avx512(), 1024, 1024, 16);
  ASSERT_FALSE(blocks.empty());
  for (const RegisterBlock block : blocks) {
    EXPECT_LE(block.rows * block.vectors + block.vectors + 1, 32);
    const bool widest = block.vectors == 8;
    EXPECT_TRUE(widest || block.rows * block.vectors >= 8);
  }
  EXPECT_LT(loads_per_fma(blocks[0]), 0.5);
}

TEST(CpuRules, RegisterBlocksWasteLittleOfRaggedOutputs) {
  const auto best = register_blocks(avx512(), 127, 33, 16)[0];
  EXPECT_GT(useful_share(best, 127, 33, 16), 0.65);  // 33 columns fill three vectors at 69 %
  const auto thin = register_blocks(avx512(), 1, 4096, 16);
  ASSERT_FALSE(thin.empty());
  EXPECT_EQ(thin[0].rows, 1);
  EXPECT_GE(thin[0].vectors, 7);
}

TEST(CpuRules, UsefulShareIsExact) {
  EXPECT_DOUBLE_EQ(useful_share({8, 3}, 64, 64, 16), 1.0);
  EXPECT_DOUBLE_EQ(useful_share({8, 2}, 9, 17, 16), 9.0 / 16 * 17.0 / 32);
}

TEST(CpuRules, PowerOfTwoStridesLimitRowsInPlace) {
  EXPECT_EQ(rows_without_conflicts(avx512(), 8192), 9);
  EXPECT_GT(rows_without_conflicts(avx512(), 8192 + 64), 1000);
}

TEST(CpuRules, BlocksAreTheAskedShareOfL2) {
  const auto steps = steps_in_l2(avx512(), 48, 4, 0.25);
  EXPECT_EQ(steps % 16, 0);
  EXPECT_LE(steps * 48 * 4, (1 << 20) / 4);
  EXPECT_GT((steps + 16) * 48 * 4, (1 << 20) / 4);
  const auto columns = columns_in_l2(avx512(), 1024, 48, 4, 0.75);
  EXPECT_EQ(columns, 192);
  EXPECT_EQ(columns_in_l2(avx512(), 1 << 20, 48, 4, 0.75), 48);  // never less than a panel
}

TEST(CpuRules, PanelsAreTheAskedShareOfL1) {
  const auto steps = steps_in_l1(avx512(), 14, 4, 0.5);
  EXPECT_EQ(steps % 16, 0);
  EXPECT_LE(steps * 14 * 4, (48 << 10) / 2);
  EXPECT_GT((steps + 16) * 14 * 4, (48 << 10) / 2);
  EXPECT_EQ(steps_in_l1(avx512(), 4096, 4, 0.5), 64);  // never so short that sums dominate
}

TEST(CpuRules, ColumnsInL3AreOneThreadsPart) {
  const auto one = columns_in_l3(avx512(), 1, 416, 32, 4, 0.5);
  EXPECT_EQ(one % 32, 0);
  EXPECT_LE(one * 416 * 4, 16 << 20);
  EXPECT_GT((one + 32) * 416 * 4, 16 << 20);
  EXPECT_NEAR(static_cast<double>(columns_in_l3(avx512(), 2, 416, 32, 4, 0.5)),
              static_cast<double>(one) / 2, 32);
  CpuLimits without = avx512();
  without.l3_bytes = 0;  // as some virtual machines say: then L2 is the last level
  EXPECT_EQ(columns_in_l3(without, 2, 416, 32, 4, 0.5), columns_in_l2(without, 416, 32, 4, 0.5));
}

TEST(CpuRules, SmallOperandsAreNotPacked) {
  EXPECT_FALSE(packing_pays(avx512(), 256 * 256 * 4, 32));
  EXPECT_FALSE(packing_pays(avx512(), 64 << 20, 1));
  EXPECT_TRUE(packing_pays(avx512(), 4 << 20, 128));
}

TEST(CpuRules, ThreadsShareEvenlyAndSplitKOnlyWhereItHelps) {
  for (const ThreadSplit& s : thread_splits(2, 1, 128, 64, 1024, false)) {
    EXPECT_EQ(s.batch * s.m * s.n * s.k, 2);
    EXPECT_EQ(s.k, 1);
  }
  bool split = false;
  for (const ThreadSplit& s : thread_splits(2, 1, 1, 32, 4096, true)) split |= s.k == 2;
  EXPECT_TRUE(split);
  EXPECT_DOUBLE_EQ(imbalance({1, 2, 1, 1}, 1, 3, 1), 4.0 / 3);
  EXPECT_FALSE(worth_threads(avx512(), 16 * 16 * 16, 16));
  EXPECT_TRUE(worth_threads(avx512(), 64 * 64 * 64, 16));
}

TEST(CpuRules, OnlyOutputsBeyondTheLastCacheGoPastIt) {
  CpuLimits cpu = avx512();
  cpu.l3_bytes = 32 << 20;
  EXPECT_FALSE(stores_past_caches(cpu, 32 << 20));
  EXPECT_TRUE(stores_past_caches(cpu, (32 << 20) + 1));
}

TEST(CpuRules, PrefetchCoversTheMemoryLatency) {
  EXPECT_EQ(prefetch_steps(avx512(), 24), 32);  // 100 ns at 4 GHz are 33 steps of 12 cycles
  EXPECT_EQ(prefetch_steps(avx512(), 1000), 8);
}

}  // namespace
}  // namespace perftune::rules
