// Barriers, warp collectives and what never ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulation/micro_kernel.hpp"

namespace perftune::testing {
namespace {

using ::testing::HasSubstr;

TEST(EmulatedWaiting, ShufflesFollowTheManual) {
  const MicroResult result =
      run({.body = "const i32 t = thread_index(); i32* o = out + t * 5;"
                   "global_store(o, shuffle(t, 7));"
                   "global_store(o + 1, shuffle_xor(t, 5));"
                   "global_store(o + 2, shuffle_down(t, 3));"
                   "global_store(o + 3, shuffle_up(t, 3));"
                   "global_store(o + 4, i32(shuffle_xor(f64(t), 16)) + 1000 * i32(warp_index()));",
           .outputs = 320});
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int t = 0; t < 64; ++t) {
    const int lane = t % 32;
    const int first = t - lane;
    const std::int32_t* o = &result.output[static_cast<std::size_t>(t) * 5];
    EXPECT_EQ(o[0], first + 7);
    EXPECT_EQ(o[1], first + (lane ^ 5));
    EXPECT_EQ(o[2], lane + 3 < 32 ? t + 3 : t);  // outside the warp: its own value
    EXPECT_EQ(o[3], lane >= 3 ? t - 3 : t);
    EXPECT_EQ(o[4], first + (lane ^ 16) + 1000 * (t / 32));
  }
}

TEST(EmulatedWaiting, AButterflySumsTheWarp) {
  const MicroResult result = run({.body = "i32 v = thread_index(); PT_UNROLL for (int m = 16; m > "
                                          "0; m /= 2) v += shuffle_xor(v, m);"
                                          "global_store(out + thread_index(), v);"});
  ASSERT_FALSE(result.failure) << result.failure->detail;
  EXPECT_EQ(result.output[0], 496);
  EXPECT_EQ(result.output[63], 496 + 32 * 32);
}

TEST(EmulatedWaiting, DivergedCollectivesAreFound) {
  EXPECT_THAT(defect_of({.body = "const i32 t = thread_index();"
                                 "const i32 v = t % 32 < 16 ? shuffle_xor(t, 1) : shuffle_up(t, 1);"
                                 "global_store(out + t, v);"}),
              HasSubstr("warp diverged"));
  EXPECT_THAT(defect_of({.body = "const i32 t = thread_index();"
                                 "global_store(out + t, t % 32 == 31 ? t : shuffle_xor(t, 1));"}),
              HasSubstr("deadlock: 2 thread(s) finished"));
}

TEST(EmulatedWaiting, ABarrierThatNotAllReachIsADeadlock) {
  EXPECT_THAT(
      defect_of({.body = "if (thread_index() != 40) sync_block();"
                         "global_store(out + thread_index(), 0);"}),
      ::testing::AllOf(HasSubstr("1 thread(s) finished (first: thread 40 of block (0,0,0))"),
                       HasSubstr("63 thread(s) wait at barrier 0")));
}

TEST(EmulatedWaiting, SyncBlockAnyIsTrueForAllOrNone) {
  const MicroResult result =
      run({.body = "const i32 t = thread_index();"
                   "const i32 a = sync_block_any(t == 50); const i32 b = sync_block_any(false);"
                   "global_store(out + t, a * 10 + b);"});
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (const auto value : result.output) EXPECT_EQ(value, 10);
}

// Warp 0 fills, warp 1 reads: two named barriers, arrive on one side and wait on the other.
constexpr const char* kHandOver =
    "const u32 t = thread_index(); const u32 lane = t % 32;"
    "for (i32 round = 0; round < 3; ++round) {"
    "  if (t < 32) {"
    "    if (round > 0) sync_barrier<2, 64>();"
    "    shared_store<i32>(lane * 4, i32(lane) + 100 * round);"
    "    arrive_barrier<1, 64>();"
    "  } else {"
    "    sync_barrier<1, 64>();"
    "    global_store(out + 32 * round + lane, shared_load<i32>((31 - lane) * 4));"
    "    if (round < 2) arrive_barrier<2, 64>();"
    "  }"
    "}";

TEST(EmulatedWaiting, NamedBarriersHandOver) {
  const MicroResult result = run({.body = kHandOver, .outputs = 96});
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int i = 0; i < 96; ++i)
    EXPECT_EQ(result.output[static_cast<std::size_t>(i)], 31 - i % 32 + 100 * (i / 32));
}

TEST(EmulatedWaiting, AHandOverWithoutTheWayBackRaces) {
  std::string body = kHandOver;
  for (const char* dropped :
       {"if (round > 0) sync_barrier<2, 64>();", "if (round < 2) arrive_barrier<2, 64>();"})
    body.erase(body.find(dropped), std::string(dropped).size());
  EXPECT_NE(defect_of({.body = body, .outputs = 96}), "");
}

TEST(EmulatedWaiting, BarriersOfDifferentSizesAreFound) {
  EXPECT_THAT(
      defect_of(
          {.body = "if (thread_index() < 32) sync_barrier<1, 64>(); else sync_barrier<1, 32>();"}),
      HasSubstr("barrier 1 of 64 threads is used for 32"));
}

TEST(EmulatedWaiting, EndlessLoopsAreStopped) {
  EXPECT_THAT(defect_of({.body = "for (;;) shared_store<i32>(thread_index() * 4, 1);"}),
              HasSubstr("did not end within 1000000"));
}

TEST(EmulatedWaiting, ABlockMayWaitForAnotherBlocksFlag) {
  // Block 0 runs first and waits for block 1, which then has to run beside it.
  const MicroResult result = run(
      {.body = "const u32 t = thread_index(); u32* flag = work; u32* data = work + 1;"
               "if (block_index_x() == 1) {"
               "  global_store(data + t, t * 3); sync_block();"
               "  if (t == 0) global_store_release(flag, 1u);"
               "} else {"
               "  if (t == 0) { while (global_load_acquire(flag) == 0) {} global_store(flag, 0u); }"
               "  sync_block();"
               "  global_store(out + t, i32(global_load_coherent(data + t)));"
               "}",
       .blocks = 2,
       .workspace_bytes = 4 + 256,
       .workspace_zeroed = 4});
  ASSERT_FALSE(result.failure) << result.failure->detail;
  EXPECT_EQ(result.output[21], 63);
}

TEST(EmulatedWaiting, AFlagThatNobodySetsIsADeadlock) {
  EXPECT_THAT(defect_of({.body = "while (global_load_acquire(work) == 0) {}",
                         .workspace_bytes = 4,
                         .workspace_zeroed = 4}),
              HasSubstr("poll memory that nobody writes"));
}

TEST(EmulatedLaunch, RefusesWhatTheHardwareWould) {
  EXPECT_THAT(
      defect_of({.body = "global_store(out + thread_index(), 0);", .shared_bytes = 228 * 1024}),
      HasSubstr("bytes of shared memory, at most"));
  EXPECT_THAT(defect_of({.body = "global_store(out + thread_index(), 0);", .threads = 33}),
              HasSubstr("whole warps"));
  EXPECT_THAT(
      defect_of({.body = "global_store(out + thread_index(), 0);", .blocks = 3, .cluster = 2}),
      HasSubstr("no multiple of the cluster"));
  EXPECT_THAT(defect_of({.body = "this is not C++;"}), HasSubstr("error"));
}

}  // namespace
}  // namespace perftune::testing
