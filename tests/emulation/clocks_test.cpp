#include "executor/emulation/clocks.hpp"

#include <gtest/gtest.h>

namespace perftune::emulation {
namespace {

void meet(Clocks& clocks, std::initializer_list<unsigned> threads) {
  Meeting meeting;
  for (const unsigned thread : threads) meeting.arrive(clocks, thread);
  const KnowledgePtr known = meeting.close();
  for (const unsigned thread : threads) clocks.acquire(thread, known);
}

TEST(Clocks, OwnAccessesAndNeverAreOrdered) {
  Clocks clocks(0, 4);
  EXPECT_TRUE(clocks.ordered(Stamp{}, 3));
  EXPECT_TRUE(clocks.ordered(clocks.now(2), 2));
  EXPECT_FALSE(clocks.ordered(clocks.now(2), 3));
}

TEST(Clocks, ABarrierOrdersWhatCameBeforeItOnly) {
  Clocks clocks(0, 4);
  const Stamp before = clocks.now(0);
  meet(clocks, {0, 1, 2, 3});
  EXPECT_TRUE(clocks.ordered(before, 3));
  EXPECT_FALSE(clocks.ordered(clocks.now(0), 3));
}

TEST(Clocks, OrderIsTransitiveThroughPartialBarriers) {
  Clocks clocks(0, 4);
  const Stamp before = clocks.now(0);
  meet(clocks, {0, 1});
  EXPECT_FALSE(clocks.ordered(before, 2));
  meet(clocks, {1, 2});
  EXPECT_TRUE(clocks.ordered(before, 2));
  EXPECT_FALSE(clocks.ordered(before, 3));
}

TEST(Clocks, ReleaseAndAcquireReachAnotherCluster) {
  Clocks first(0, 2);
  Clocks second(1, 2);
  const Stamp write = first.now(1);
  meet(first, {0, 1});
  Knowledge released = first.publish(0);
  released.others[0] = released.clocks;
  released.clocks.assign(2, 0);
  const Stamp late = first.now(0);
  EXPECT_FALSE(second.ordered(0, write, 0));
  second.learn(0, released);
  EXPECT_TRUE(second.ordered(0, write, 0));
  EXPECT_FALSE(second.ordered(0, late, 0));
  EXPECT_FALSE(second.ordered(0, write, 1));
  meet(second, {0, 1});
  EXPECT_TRUE(second.ordered(0, write, 1));
}

}  // namespace
}  // namespace perftune::emulation
