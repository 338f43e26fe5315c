#include "costmodel/wave_traffic.hpp"

#include <gtest/gtest.h>

namespace perftune {
namespace {

constexpr double kMiB = 1048576;

TrafficInput square(double raster, double l2_mib) {
  // 64 x 64 tiles, 100 at a time, 1 MiB per panel: each operand is 64 MiB.
  return {64, 64, 1, 100, raster, kMiB, kMiB, 0, l2_mib * kMiB, 1.5 * l2_mib * kMiB};
}

TEST(WaveTraffic, ReadsEachOperandOnceWhenEverythingStaysInCache) {
  const WaveTraffic t = wave_traffic(square(1, 1000));
  EXPECT_DOUBLE_EQ(t.a_bytes, 64 * kMiB);
  EXPECT_DOUBLE_EQ(t.b_bytes, 64 * kMiB);
}

TEST(WaveTraffic, RasterGroupsCutTheTrafficOfASmallCache) {
  const double row_major = wave_traffic(square(1, 4)).total();
  const double grouped = wave_traffic(square(8, 4)).total();
  EXPECT_LT(grouped, 0.7 * row_major);
}

TEST(WaveTraffic, NeverBelowTheDistinctBytes) {
  for (double raster = 1; raster <= 64; raster *= 2)
    for (double l2 = 1; l2 <= 256; l2 *= 2)
      EXPECT_GE(wave_traffic(square(raster, l2)).total(), 128 * kMiB * 0.999);
}

TEST(HitShare, FallsFromAllToNoneBetweenItsTwoFootprints) {
  EXPECT_DOUBLE_EQ(hit_share(10, 10, 20), 1);
  EXPECT_DOUBLE_EQ(hit_share(15, 10, 20), 0.5);
  EXPECT_DOUBLE_EQ(hit_share(20, 10, 20), 0);
  EXPECT_DOUBLE_EQ(hit_share(1, 0, 0), 0);
}

}  // namespace
}  // namespace perftune
