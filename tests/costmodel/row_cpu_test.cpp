// The CPU's model of rows and maps on hardware that is plain data: what out-of-order cores and caches make true of
// any sensible prediction, whatever the constants.
#include "costmodel/row_cpu.hpp"

#include <gtest/gtest.h>

#include <string>

#include "costmodel/cpu_caches.hpp"
#include "recipes/operator_file.hpp"
#include "tests/costmodel/two_cores.hpp"

namespace perftune {
namespace {

double predicted_us(const std::string& family, const std::string& library_op, int rows, int columns, int unroll,
                    const std::string& more = "") {
  const Operator op = parse_operator_text("op: " + library_op + "\ndims: {m: " + std::to_string(rows) + ", n: " +
                                              std::to_string(columns) + "}\n", "test").at(0).op;
  const TileProgram program = TileProgram::parse(family + " cpu/simd tasks=2 unroll=" + std::to_string(unroll) + more);
  const Resources resources{};
  return RowCpuModel(family).predict(op, two_cores(), {&program, 1}, {&resources, 1}).at(0).us;
}

TEST(RowCpuModel, ShortRowsNeedNoSumsSideBySide) {
  const double one = predicted_us("reduction", "sum_rows", 256, 128, 1), four = predicted_us("reduction", "sum_rows", 256, 128, 4);
  EXPECT_LT(one, 1.1 * four) << "the next rows' sums fill the wait";
}

TEST(RowCpuModel, PassesThatWaitForOneAnotherDo) {
  const double one = predicted_us("row", "layer_norm", 128, 768, 1), four = predicted_us("row", "layer_norm", 128, 768, 4);
  EXPECT_GT(one, 1.15 * four);
}

TEST(RowCpuModel, GathersWhoseLinesCrowdCostMore) {
  const auto strided = [](int columns) { return predicted_us("reduction", "sum_rows", 4096, columns, 4, " lanes=1") / columns; };
  EXPECT_GT(strided(1024), 1.5 * strided(1000)) << "rows 4096 bytes apart share sets of the caches";
}

TEST(RowCpuModel, MaximaWaitLessThanSums) {
  const auto penalty = [](const char* op) {
    return predicted_us("reduction", op, 8, 8192, 1) / predicted_us("reduction", op, 8, 8192, 8);
  };
  EXPECT_LT(penalty("max_rows"), penalty("sum_rows"));
}

TEST(CpuCaches, WhatExceedsACacheIsLostInPart) {
  const CpuCaches caches = CpuCaches::of(two_cores(), 2);
  double last = caches.streaming_bytes_per_cycle(1024);
  EXPECT_DOUBLE_EQ(last, caches.bytes_per_cycle(CacheLevel::l1));
  for (double bytes = 2048; bytes < 256e6; bytes *= 1.3) {
    const double now = caches.streaming_bytes_per_cycle(bytes);
    EXPECT_LE(now, last + 1e-12) << bytes;
    last = now;
  }
  EXPECT_DOUBLE_EQ(last, caches.bytes_per_cycle(CacheLevel::dram));
  EXPECT_DOUBLE_EQ(caches.streaming_bytes_per_cycle(1 << 20), caches.bytes_per_cycle(CacheLevel::l2));
  const double half_lost = caches.streaming_bytes_per_cycle(1.5 * (1 << 20));
  EXPECT_LT(half_lost, caches.bytes_per_cycle(CacheLevel::l2));
  EXPECT_GT(half_lost, caches.bytes_per_cycle(CacheLevel::l3));
}

TEST(CpuCaches, StridesOfPagesCrowd) {
  EXPECT_TRUE(CpuCaches::crowds(4096));
  EXPECT_TRUE(CpuCaches::crowds(-8192));
  EXPECT_FALSE(CpuCaches::crowds(4096 + 64));
  EXPECT_FALSE(CpuCaches::crowds(777 * 4));
  EXPECT_FALSE(CpuCaches::crowds(64));
}

}  // namespace
}  // namespace perftune
