#include "executor/thread_pool.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <thread>
#include <vector>

namespace perftune {
namespace {

struct Record {
  std::vector<int> runs;
  std::vector<std::thread::id> threads;
  explicit Record(int count) : runs(count), threads(count) {}
  static void task(void* argument, int index) {
    auto* self = static_cast<Record*>(argument);
    ++self->runs[static_cast<std::size_t>(index)];
    self->threads[static_cast<std::size_t>(index)] = std::this_thread::get_id();
  }
};

class ThreadPoolTest : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolTest, EveryTaskRunsOnceOnItsThread) {
  ThreadPool pool(GetParam());
  ASSERT_EQ(pool.threads(), GetParam());
  for (int count : {0, 1, 2, 3, 5, 64}) {
    Record record(count);
    pool.run(count, Record::task, &record);
    for (int i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      EXPECT_EQ(record.runs[at], 1);
      EXPECT_EQ(record.threads[at], record.threads[at % static_cast<std::size_t>(GetParam())]);
    }
    if (count > 0) {
      EXPECT_EQ(record.threads[0], std::this_thread::get_id());
    }
  }
}

TEST_P(ThreadPoolTest, ManyShortRunsThroughTheCStructure) {
  ThreadPool pool(GetParam());
  const PerftunePool* c_pool = pool.c_pool();
  EXPECT_EQ(c_pool->threads, GetParam());
  Record record(7);
  for (int round = 0; round < 2000; ++round) {
    c_pool->run(c_pool->context, 7, Record::task, &record);
  }
  for (int runs : record.runs) EXPECT_EQ(runs, 2000);
}

TEST_P(ThreadPoolTest, WakesAfterSleeping) {
  ThreadPool pool(GetParam());
  Record record(8);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // far beyond the active wait
    pool.run(8, Record::task, &record);
  }
  for (int runs : record.runs) EXPECT_EQ(runs, 5);
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 3, 8));

TEST(ThreadPoolAffinity, PinsThreadsAndGivesTheCallersBack) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  const std::vector<int> processors = processors_by_core();
  ASSERT_EQ(static_cast<int>(processors.size()), CPU_COUNT(&before));
  {
    ThreadPool pool(2);
    struct Seen {
      int processors[2] = {0, 0};
    } seen;
    pool.run(
        2,
        [](void* argument, int index) {
          cpu_set_t set;
          sched_getaffinity(0, sizeof set, &set);
          static_cast<Seen*>(argument)->processors[index] = CPU_COUNT(&set);
        },
        &seen);
    EXPECT_EQ(seen.processors[0], 1);
    EXPECT_EQ(seen.processors[1], 1);
  }
  cpu_set_t after;
  ASSERT_EQ(sched_getaffinity(0, sizeof after, &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

}  // namespace
}  // namespace perftune
