#include "executor/sampling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace perftune {
namespace {

Tensor tensor(std::vector<std::int64_t> shape) {
  Tensor t;
  t.name = "C";
  t.shape = std::move(shape);
  return t;
}

TEST(Sampling, SmallTensorsAreTakenWhole) {
  EXPECT_EQ(sample_elements(tensor({10, 10}), 1, 100, {}).size(), 100U);
  EXPECT_EQ(sample_elements(tensor({}), 1, 100, {}).size(), 1U);
}

TEST(Sampling, LargeTensorsHaveTheirCornersAndTileBoundaries) {
  const std::int64_t rows = 1000;
  const std::int64_t columns = 3000;
  const auto chosen = sample_elements(tensor({rows, columns}), 1, 4096, {128, 256});
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
  EXPECT_GT(chosen.size(), 3900U);
  EXPECT_LE(chosen.size(), 4096U);
  const std::set<std::int64_t> set(chosen.begin(), chosen.end());
  EXPECT_EQ(set.size(), chosen.size());
  for (const std::int64_t row : {0L, 1L, rows - 2, rows - 1, 127L, 128L, 895L, 896L}) {
    for (const std::int64_t column : {0L, 1L, columns - 2, columns - 1, 255L, 256L, 2816L}) {
      EXPECT_TRUE(set.contains(row * columns + column)) << row << "," << column;
    }
  }
  for (const std::int64_t element : chosen) {
    EXPECT_GE(element, 0);
    EXPECT_LT(element, rows * columns);
  }
}

TEST(Sampling, IsFixedBySeed) {
  const Tensor t = tensor({500, 500, 50});
  EXPECT_EQ(sample_elements(t, 1, 1000, {}), sample_elements(t, 1, 1000, {}));
  EXPECT_NE(sample_elements(t, 1, 1000, {}), sample_elements(t, 2, 1000, {}));
}

}  // namespace
}  // namespace perftune
