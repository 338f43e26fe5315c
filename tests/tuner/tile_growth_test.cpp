#include "tuner/construct/tile_growth.hpp"

#include <gtest/gtest.h>

namespace perftune {
namespace {

GrowthLimits square(std::int64_t m, std::int64_t n, int capacity) {
  return {m, n, 1, 1, 4, 4, 0.1, [=](TileExtent t) { return t.m * t.n <= capacity; }};
}

TEST(Grow, StaysNearSquareAndFillsItsLevel) {
  const auto path = grow({1, 1}, square(4096, 4096, 4096));
  EXPECT_EQ(path.front(), (TileExtent{1, 1}));
  EXPECT_EQ(path.back(), (TileExtent{64, 64}));
  for (const auto t : path) EXPECT_LE(std::max(t.m, t.n), 2 * std::min(t.m, t.n));
}

TEST(Grow, GoesWideWhereMIsShort) {
  const auto path = grow({1, 4}, square(1, 4096, 256));
  for (const auto t : path) EXPECT_EQ(t.m, 1);
  EXPECT_EQ(path.back().n, 256);
}

TEST(Grow, KeepsEveryTileOnTheWay) {
  const auto path = grow({1, 1}, square(4096, 4096, 4096));
  ASSERT_EQ(path.size(), 13U);  // 2^12 elements, one doubling each
  for (std::size_t i = 1; i < path.size(); ++i)
    EXPECT_EQ(path[i].m * path[i].n, 2 * path[i - 1].m * path[i - 1].n);
}

TEST(Grow, IsEmptyWhenTheSmallestTileDoesNotFit) {
  EXPECT_TRUE(grow({16, 8}, square(64, 64, 100)).empty());
}

TEST(Tolerable, WidensWithEpsilon) {
  EXPECT_FALSE(tolerable(100, 64, 1, 0.1));
  EXPECT_TRUE(tolerable(100, 64, 1, 0.3));
  EXPECT_TRUE(tolerable(7, 16, 16, 0.1)) << "the smallest step cannot be avoided";
}

}  // namespace
}  // namespace perftune
