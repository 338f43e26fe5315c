#include "models/memory_plan.hpp"

#include <gtest/gtest.h>

#include <random>

namespace perftune {
namespace {

void expect_no_overlap(const std::vector<Lifetime>& lives, const MemoryPlan& plan) {
  for (std::size_t a = 0; a < lives.size(); ++a) {
    EXPECT_EQ(plan.offsets[a] % 64, 0U);
    EXPECT_LE(plan.offsets[a] + lives[a].bytes, plan.bytes);
    for (std::size_t b = a + 1; b < lives.size(); ++b) {
      if (lives[a].last < lives[b].first || lives[b].last < lives[a].first) continue;
      EXPECT_TRUE(plan.offsets[a] + lives[a].bytes <= plan.offsets[b] || plan.offsets[b] + lives[b].bytes <= plan.offsets[a]);
    }
  }
}

TEST(MemoryPlan, a_chain_needs_two_buffers) {
  std::vector<Lifetime> lives;
  for (int i = 0; i < 20; ++i) lives.push_back({i, i + 1, 1000});
  const MemoryPlan plan = plan_memory(lives);
  expect_no_overlap(lives, plan);
  EXPECT_LE(plan.bytes, 2048U);
}

TEST(MemoryPlan, values_alive_together_never_overlap) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Lifetime> lives;
    for (int i = 0; i < 30; ++i) {
      const int first = static_cast<int>(random() % 20);
      lives.push_back({first, first + static_cast<int>(random() % 6), 1 + random() % 5000});
    }
    expect_no_overlap(lives, plan_memory(lives));
  }
}

}  // namespace
}  // namespace perftune
