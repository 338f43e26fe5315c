// What the emulator accepts and refuses of accesses to memory: each right kernel gives what hand
// arithmetic says, and each with one thing wrong is refused for that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "executor/emulation/bank_conflicts.hpp"
#include "tests/emulation/micro_kernel.hpp"

namespace perftune::testing {
namespace {

using ::testing::HasSubstr;

std::vector<std::int32_t> counting(int n) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

// Reverses 64 values through shared memory.
constexpr const char* kReverse =
    "const u32 t = thread_index();"
    "shared_store<i32>(t * 4, global_load(in + t));"
    "sync_block();"
    "global_store(out + t, shared_load<i32>((63 - t) * 4));";

TEST(EmulatedMemory, ReversesThroughSharedMemory) {
  MicroKernel kernel{.body = kReverse, .input = counting(64)};
  const MicroResult result = run(kernel);
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int i = 0; i < 64; ++i) EXPECT_EQ(result.output[static_cast<std::size_t>(i)], 63 - i);
}

TEST(EmulatedMemory, ADroppedBarrierIsARace) {
  std::string body = kReverse;
  body.erase(body.find("sync_block();"), 13);
  const std::string defect = defect_of({.body = body});
  // The first thread reads before the last has written: with no order, either text is right.
  EXPECT_THAT(defect, ::testing::AnyOf(HasSubstr("nothing wrote"), HasSubstr("races")));
}

TEST(EmulatedMemory, ASecondRoundWithoutABarrierRacesWithTheFirstsReads) {
  const std::string round = kReverse;
  EXPECT_THAT(defect_of({.body = round + "{" + round.substr(round.find("shared_store")) + "}"}),
              HasSubstr("races with a"));  // read or write: whichever thread comes second
  EXPECT_EQ(defect_of({.body = round + "sync_block(); {" +
                               round.substr(round.find("shared_store")) + "}"}),
            "");
}

TEST(EmulatedMemory, SubWordNeighboursDoNotRaceButTheSameByteDoes) {
  EXPECT_EQ(defect_of({.body = "const u32 t = thread_index();"
                               "shared_store<u8>(t, static_cast<u8>(t)); sync_block();"
                               "Vec<u8, 4> v = shared_load<Vec<u8, 4>>(t / 4 * 4);"
                               "global_store(out + t, i32(v[t % 4]));"}),
            "");
  EXPECT_THAT(defect_of({.body = "const u32 t = thread_index();"
                                 "shared_store<u8>(t / 2, u8(1)); sync_block();"
                                 "global_store(out + t, i32(shared_load<u8>(t / 2)));"}),
              HasSubstr("races with a write"));
}

TEST(EmulatedMemory, WarpsExchangeOnlyAcrossSyncWarp) {
  const std::string store = "const u32 t = thread_index(); shared_store<i32>(t * 4, i32(t));";
  const std::string load = "global_store(out + t, shared_load<i32>((t ^ 1) * 4));";
  EXPECT_EQ(defect_of({.body = store + "sync_warp();" + load}), "");
  EXPECT_NE(defect_of({.body = store + load}), "");
  // A shuffle makes lanes meet but orders no memory (PTX ISA 9.7.9.6).
  EXPECT_THAT(defect_of({.body = store + "shuffle_xor(i32(t), 1);" + load}), HasSubstr("races"));
  // Nor does sync_warp reach another warp.
  EXPECT_NE(defect_of({.body = store + "sync_warp();"
                                       "global_store(out + t, shared_load<i32>((t ^ 32) * 4));"}),
            "");
}

TEST(EmulatedMemory, SharedAccessesAreBoundedAlignedAndWrittenFirst) {
  EXPECT_THAT(
      defect_of({.body = "shared_store<i32>(thread_index() * 4, 0);", .shared_bytes = 252}),
      HasSubstr("out of bounds: write of 4 byte(s) at offset 252 (arena of 252) by thread 63"));
  EXPECT_THAT(defect_of({.body = "shared_store(4 + thread_index() * 8, Vec<i32, 2>{});"}),
              HasSubstr("misaligned"));
  EXPECT_THAT(defect_of({.body = "global_store(out + thread_index(), shared_load<i32>(0));"}),
              HasSubstr("nothing wrote"));
}

TEST(EmulatedMemory, GlobalAccessesStayInsideTheirBuffers) {
  EXPECT_THAT(
      defect_of(
          {.body = "global_store(out + thread_index(), global_load(in + 1 + thread_index()));"}),
      HasSubstr("out of bounds: read-only load of 4 byte(s) at byte 256 of in (256 bytes) by "
                "thread 63 of block (0,0,0)"));
  EXPECT_THAT(defect_of({.body = "global_store(out - 1 + thread_index(), 0);"}),
              HasSubstr("byte -4 of out"));
  // A predicate that is false keeps the pointer from being followed, and loads zeros.
  const MicroResult result =
      run({.body = "const u32 t = thread_index();"
                   "global_store(out + t, 7 + global_load(in + 1 + t, t < 63));"
                   "global_store(out + 64 + t, 0, false);",
           .input = counting(64)});
  ASSERT_FALSE(result.failure) << result.failure->detail;
  EXPECT_EQ(result.output[62], 70);
  EXPECT_EQ(result.output[63], 7);
}

TEST(EmulatedMemory, VectorsMustBeAligned) {
  EXPECT_THAT(
      defect_of({.body = "auto v = global_load(reinterpret_cast<const Vec<i32, 4>*>(in + 2));"
                         "global_store(out + thread_index(), v[0]);"}),
      HasSubstr("misaligned: read-only load of 16 byte(s) at byte 8 of in"));
}

TEST(EmulatedMemory, InputsAreNotWritten) {
  EXPECT_THAT(defect_of({.body = "global_store(const_cast<i32*>(in) + thread_index(), 0);"}),
              HasSubstr("an input is written"));
}

TEST(EmulatedMemory, OutputsAreWrittenWholeAndNotReadBefore) {
  EXPECT_THAT(defect_of({.body = "global_store(out + thread_index(), 0, thread_index() != 9);"}),
              HasSubstr("no thread wrote byte 36 of output out"));
  EXPECT_THAT(defect_of({.body = "global_store(out + thread_index(), 1 + global_load_coherent(out "
                                 "+ thread_index()));"}),
              HasSubstr("nothing wrote"));
}

TEST(EmulatedMemory, OverlappingBlocksRace) {
  EXPECT_THAT(defect_of({.body = "global_store(out + thread_index() + 32 * block_index_x(), 0);",
                         .outputs = 96,
                         .blocks = 2}),
              HasSubstr("races with a write of another thread"));
}

TEST(EmulatedMemory, TheReadOnlyPathSeesNoWritesOfTheLaunch) {
  const std::string body =
      "const u32 t = thread_index(); global_store(out + t, i32(t)); sync_block();"
      "global_store(out + 64 + t, LOAD(out + 63 - t));";
  const auto with = [&](const char* load) {
    std::string text = body;
    return MicroKernel{.body = text.replace(text.find("LOAD"), 4, load), .outputs = 128};
  };
  EXPECT_EQ(defect_of(with("global_load_coherent")), "");
  EXPECT_THAT(defect_of(with("global_load")),
              HasSubstr("read-only load of data that this launch wrote"));
}

// Four blocks each write a partial sum; the last to arrive adds them up and clears the counter.
constexpr const char* kLastBlockAdds =
    "const u32 t = thread_index(); u32* part = work + 16;"
    "global_store(part + block_index_x() * 64 + t, u32(in[t]) * (1 + block_index_x()));"
    "sync_block();"
    "if (t == 0) shared_store<u32>(0, atomic_add_acq_rel(work, 1u));"
    "sync_block();"
    "if (shared_load<u32>(0) == 3) {"
    "  u32 sum = 0;"
    "  for (u32 b = 0; b < 4; ++b) sum += global_load_coherent(part + b * 64 + t);"
    "  global_store(out + t, i32(sum));"
    "  if (t == 0) global_store(work, 0u);"
    "}";

MicroKernel last_block_adds() {
  return {.body = kLastBlockAdds,
          .input = counting(64),
          .blocks = 4,
          .workspace_bytes = 64 + 4 * 256,
          .workspace_zeroed = 64};
}

TEST(EmulatedMemory, TheLastBlockAddsWhatAllReleased) {
  const MicroResult result = run(last_block_adds());
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int i = 0; i < 64; ++i) EXPECT_EQ(result.output[static_cast<std::size_t>(i)], 10 * i);
}

TEST(EmulatedMemory, WithoutTheBarrierBeforeTheAtomicTheSumRaces) {
  MicroKernel kernel = last_block_adds();
  kernel.body.erase(kernel.body.find("sync_block();"), 13);
  EXPECT_THAT(defect_of(kernel), HasSubstr("races with a write of another thread"));
}

TEST(EmulatedMemory, TheWorkspaceIsLeftZero) {
  MicroKernel kernel = last_block_adds();
  const std::string reset = "if (t == 0) global_store(work, 0u);";
  kernel.body.erase(kernel.body.find(reset), reset.size());
  EXPECT_THAT(defect_of(kernel), HasSubstr("byte 0 of the workspace is not zero again"));
}

// Doubles 64 values through two asynchronous copies in two groups.
constexpr const char* kCopies =
    "const u32 t = thread_index();"
    "cp_async<4>(t * 4, in + t); cp_async_commit();"
    "cp_async<4>(256 + t * 4, in + 63 - t, t != 5); cp_async_commit();"
    "cp_async_wait<1>(); sync_block();"
    "const i32 a = shared_load<i32>((t ^ 1) * 4);"
    "cp_async_wait<0>(); sync_block();"
    "global_store(out + t, a + 100 * shared_load<i32>(256 + t * 4));";

TEST(EmulatedMemory, AsynchronousCopiesArriveAtTheWait) {
  const MicroResult result = run({.body = kCopies, .input = counting(64)});
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(result.output[static_cast<std::size_t>(i)], (i ^ 1) + (i == 5 ? 0 : 100 * (63 - i)));
}

TEST(EmulatedMemory, EveryMissingWaitIsFound) {
  for (const char* dropped : {"cp_async_wait<1>();", "cp_async_wait<0>();"}) {
    std::string body = kCopies;
    body.erase(body.find(dropped), std::string(dropped).size());
    EXPECT_THAT(defect_of({.body = body}), HasSubstr("asynchronous copy that nobody waited for"))
        << dropped;
  }
  std::string body = kCopies;  // off by one stage
  body.replace(body.find("wait<1>"), 7, "wait<2>");
  EXPECT_THAT(defect_of({.body = body}), HasSubstr("asynchronous copy that nobody waited for"));
}

TEST(EmulatedMemory, AWaitWithoutABarrierShowsOthersNothing) {
  std::string body = kCopies;
  body.erase(body.find("sync_block();"), 13);
  EXPECT_NE(defect_of({.body = body}), "");
}

TEST(EmulatedMemory, CopiesMayNotOverwriteWhatIsBeingRead) {
  EXPECT_THAT(defect_of({.body = std::string(kCopies) +
                                 "cp_async<4>(256 + (t ^ 1) * 4, in + t); cp_async_commit();"
                                 "cp_async_wait<0>();"}),
              HasSubstr("races with a"));
}

TEST(EmulatedMemory, AWriteAfterAnotherThreadsReadIsARace) {
  EXPECT_THAT(
      defect_of({.body =
                     "const u32 t = thread_index(); shared_store<i32>(t * 4, i32(t)); sync_block();"
                     "global_store(out + t, t == 0 ? shared_load<i32>(4) : 0);"
                     "if (t == 1) shared_store<i32>(4, 9);"}),
      HasSubstr("races with a read: write of 4 byte(s) at offset 4 (arena of 4096) by thread 1 of "
                "block (0,0,0); the other is thread 0"));
}

TEST(EmulatedMemory, CopiesNeedTheirWaitAndTheirArchitecture) {
  EXPECT_THAT(defect_of({.body = "const u32 t = thread_index(); global_store(out + t, 0);"
                                 "cp_async<4>(t * 4, in + t); cp_async_commit();"}),
              HasSubstr("never waited for"));
  EXPECT_THAT(defect_of({.body = "cp_async<4>(0, in);", .arch = 750}), HasSubstr("needs sm_80"));
}

TEST(EmulatedMemory, BankConflictsAreCounted) {
  const auto conflicts_at_stride = [](int words) {
    emulation::BankConflicts conflicts;
    MicroKernel kernel{.body =
                           "const u32 t = thread_index();"
                           "shared_store<i32>(t * 4 * " +
                           std::to_string(words) +
                           ", 1);"
                           "global_store(out + t, 0);",
                       .outputs = 32,
                       .threads = 32,
                       .shared_bytes = 16384};
    kernel.conflicts = &conflicts;
    EXPECT_EQ(defect_of(kernel), "");
    return conflicts.summary();
  };
  EXPECT_EQ(conflicts_at_stride(1).worst, 1u);
  EXPECT_EQ(conflicts_at_stride(2).worst, 2u);
  EXPECT_EQ(conflicts_at_stride(32).worst, 32u);
  EXPECT_EQ(conflicts_at_stride(33).worst, 1u);
  EXPECT_EQ(conflicts_at_stride(1).accesses, 1u);
}

TEST(EmulatedMemory, SixteenByteAccessesGoByQuarterWarps) {
  const auto worst = [](const char* offset) {
    emulation::BankConflicts conflicts;
    MicroKernel kernel{.body =
                           "const u32 t = thread_index();"
                           "shared_store(" +
                           std::string(offset) +
                           ", Vec<i32, 4>{});"
                           "global_store(out + t, 0);",
                       .outputs = 32,
                       .threads = 32,
                       .shared_bytes = 16384};
    kernel.conflicts = &conflicts;
    EXPECT_EQ(defect_of(kernel), "");
    return conflicts.summary();
  };
  EXPECT_EQ(worst("t * 16").wavefronts, 4u);
  EXPECT_EQ(worst("t * 128").wavefronts, 32u);                // a column of 128-byte rows
  EXPECT_EQ(worst("t * 128 + (t % 8) * 16").wavefronts, 4u);  // the same, swizzled
}

}  // namespace
}  // namespace perftune::testing
