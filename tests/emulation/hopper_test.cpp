// TMA, mbarriers and clusters in the emulator: right programs against hand arithmetic, and each
// of the ways to get them wrong that PTX names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executor/emulation/tensor_tile.hpp"
#include "executor/nvrtc.hpp"
#include "recipes/error.hpp"
#include "tests/emulation/hopper_kernel.hpp"

namespace perftune::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

TEST(Swizzle, FollowsTheAddressBitsOfTheManual) {
  // Row 5 of a 128-byte pitch: chunk c moves to c ^ 5.
  EXPECT_EQ(emulation::swizzled(5 * 128 + 3 * 16, 128), 5u * 128 + (3 ^ 5) * 16);
  EXPECT_EQ(emulation::swizzled(8 * 128 + 3 * 16, 128), 8u * 128 + 3 * 16);
  // 64-byte rows: two rows to a line of 128; the line's number mod 4 is xor-ed.
  EXPECT_EQ(emulation::swizzled(6 * 64 + 1 * 16, 64), 6u * 64 + (1 ^ 3) * 16);
  EXPECT_EQ(emulation::swizzled(4 * 32 + 16, 32), 4u * 32);
  EXPECT_EQ(emulation::swizzled(1000, 0), 1000u);
}

// ---- Tensor copies ----

// `in` is 40 x 20; the block loads the 32 x 8 box whose corner is (24, 16): half of it is outside.
constexpr const char* kLoad =
    "const u32 t = thread_index(); const u32 bar = 32768;"
    "if (t == 0) { mbarrier_init(bar, 1); fence_mbarrier_init(); } sync_block();"
    "if (t == 0) { mbarrier_arrive_expect(bar, 1024); tma_load<2>(params.map0, 0, bar, {24, 16}); }"
    "mbarrier_wait(bar, 0);"
    "for (u32 i = t; i < 256; i += 128) global_store(out + i, shared_load<i32>(i * 4));";

MicroKernel load_kernel(std::string body) {
  MicroKernel kernel = hopper(std::move(body));
  kernel.input.resize(800);
  for (int i = 0; i < 800; ++i) kernel.input[static_cast<std::size_t>(i)] = i + 1;
  kernel.outputs = 256;
  kernel.maps = {map_of(0, DType::i32, 40, 20, 32, 8, 0)};
  return kernel;
}

TEST(EmulatedTma, LoadsABoxWithZerosOutsideTheTensor) {
  const MicroResult result = run(load_kernel(kLoad));
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int row = 0; row < 8; ++row)
    for (int column = 0; column < 32; ++column) {
      const bool inside = 24 + column < 40 && 16 + row < 20;
      EXPECT_EQ(result.output[static_cast<std::size_t>(row * 32 + column)],
                inside ? (16 + row) * 40 + 24 + column + 1 : 0);
    }
}

TEST(EmulatedTma, EverythingThatALoadNeedsIsMissed) {
  const auto defect = [](std::string body) { return defect_of(load_kernel(std::move(body))); };
  EXPECT_THAT(defect(without(kLoad, "mbarrier_wait(bar, 0);")),
              AnyOf(HasSubstr("on its way"), HasSubstr("nothing wrote")));
  EXPECT_THAT(defect(with(kLoad, "mbarrier_wait(bar, 0)", "mbarrier_wait(bar, 1)")),
              AnyOf(HasSubstr("on its way"), HasSubstr("nothing wrote")));
  EXPECT_THAT(defect(without(kLoad, "fence_mbarrier_init();")), HasSubstr("fence_mbarrier_init"));
  EXPECT_THAT(defect(without(kLoad, "sync_block();")), HasSubstr("mbarrier"));
  EXPECT_THAT(defect(with(kLoad, "1024", "1040")), HasSubstr("wait at mbarrier"));
  EXPECT_THAT(defect(with(kLoad, "mbarrier_init(bar, 1)", "mbarrier_init(bar, 2)")),
              HasSubstr("wait at mbarrier"));
  EXPECT_THAT(defect(with(kLoad, "params.map0, 0, bar", "params.map0, 64, bar")),
              HasSubstr("multiple of 128"));
  EXPECT_THAT(defect(std::string(kLoad) + "if (t == 0) mbarrier_arrive(bar + 8);"),
              HasSubstr("no mbarrier was initialised"));
}

TEST(EmulatedTma, ASecondLoadWaitsForTheReadersOfTheFirst) {
  const std::string again =
      "if (t == 0) { mbarrier_arrive_expect(bar, 1024); tma_load<2>(params.map0, 0, bar, {0, 0}); "
      "} mbarrier_wait(bar, 1);";
  EXPECT_EQ(defect_of(load_kernel(std::string(kLoad) + "sync_block();" + again)), "");
  EXPECT_THAT(defect_of(load_kernel(std::string(kLoad) + again)),
              AnyOf(HasSubstr("races with a read"), HasSubstr("wait at mbarrier")));
}

TEST(EmulatedTma, SwizzlesRowsOf128Bytes) {
  MicroKernel kernel = load_kernel(kLoad);
  kernel.maps = {map_of(0, DType::i32, 40, 20, 32, 8, 128)};
  kernel.body = with(kLoad, "{24, 16}", "{4, 2}");
  const MicroResult result = run(kernel);
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int row = 0; row < 8; ++row)
    for (int column = 0; column < 32; ++column) {
      const int chunk = column / 4 ^ row;
      EXPECT_EQ(result.output[static_cast<std::size_t>(row * 32 + chunk * 4 + column % 4)],
                (2 + row) * 40 + 4 + column + 1);
    }
}

// Threads write a 16 x 8 box; one stores it to (8, 4) of the 20 x 10 output, which it overlaps in
// part.
constexpr const char* kStore =
    "const u32 t = thread_index();"
    "for (u32 i = t; i < 200; i += 128) if (i % 20 < 8 || i / 20 < 4) global_store(out + i, -1);"
    "shared_store<i32>(t * 4, i32(t)); fence_async_proxy(); sync_block();"
    "if (t == 0) { tma_store<2>(params.map0, 0, {8, 4}); tma_store_commit(); "
    "tma_store_wait_read<0>(); }";

MicroKernel store_kernel(std::string body) {
  MicroKernel kernel = hopper(std::move(body));
  kernel.outputs = 200;
  kernel.maps = {map_of(1, DType::i32, 20, 10, 16, 8, 0)};
  return kernel;
}

TEST(EmulatedTma, StoresWhatLiesInsideTheTensor) {
  const MicroResult result = run(store_kernel(kStore));
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int row = 0; row < 10; ++row)
    for (int column = 0; column < 20; ++column)
      EXPECT_EQ(result.output[static_cast<std::size_t>(row * 20 + column)],
                column >= 8 && row >= 4 ? (row - 4) * 16 + column - 8 : -1);
}

TEST(EmulatedTma, EverythingThatAStoreNeedsIsMissed) {
  const auto defect = [](std::string body) { return defect_of(store_kernel(std::move(body))); };
  EXPECT_THAT(defect(without(kStore, "fence_async_proxy();")),
              HasSubstr("needs fence_async_proxy"));
  EXPECT_THAT(defect(without(kStore, "sync_block();")),
              AnyOf(HasSubstr("races"), HasSubstr("nothing wrote")));
  EXPECT_THAT(defect(without(kStore, "tma_store_wait_read<0>();")), HasSubstr("never waited for"));
  EXPECT_THAT(defect(with(kStore, "tma_store_wait_read<0>();",
                          "shared_store<i32>(0, 5); tma_store_wait_read<0>();")),
              HasSubstr("still being read"));
  EXPECT_EQ(defect(with(kStore, "fence_async_proxy(); sync_block();",
                        "sync_block(); if (t == 0) fence_async_proxy();")),
            "");
}

// ---- A ring of two slots between a producer warp and four consumers ----

constexpr const char* kRing =
    "const u32 t = thread_index(); const u32 full = 32768, empty = full + 16;"
    "if (t == 0) { for (u32 s = 0; s < 2; ++s) { mbarrier_init(full + 8 * s, 1); "
    "mbarrier_init(empty + 8 * s, 128); }"
    "  fence_mbarrier_init(); }"
    "sync_block();"
    "if (t >= 128) {"
    "  if (t == 128) for (u32 k = 0; k < 5; ++k) { const u32 s = k % 2, round = k / 2;"
    "    mbarrier_wait(empty + 8 * s, (round + 1) % 2);"
    "    mbarrier_arrive_expect(full + 8 * s, 512);"
    "    tma_load<2>(params.map0, s * 512, full + 8 * s, {0, i32(k * 8)}); }"
    "} else {"
    "  i32 sum = 0;"
    "  for (u32 k = 0; k < 5; ++k) { const u32 s = k % 2, round = k / 2;"
    "    mbarrier_wait(full + 8 * s, round % 2);"
    "    sum = sum * 3 + shared_load<i32>(s * 512 + t * 4);"
    "    mbarrier_arrive(empty + 8 * s); }"
    "  global_store(out + t, sum);"
    "}";

MicroKernel ring_kernel(std::string body) {
  MicroKernel kernel = hopper(std::move(body));
  kernel.threads = 160;
  kernel.input.resize(16 * 40);
  for (int i = 0; i < 640; ++i) kernel.input[static_cast<std::size_t>(i)] = i % 97;
  kernel.outputs = 128;
  kernel.maps = {map_of(0, DType::i32, 16, 40, 16, 8, 0)};
  return kernel;
}

TEST(EmulatedRing, HandsFiveTilesThroughTwoSlots) {
  const MicroResult result = run(ring_kernel(kRing));
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int t = 0; t < 128; ++t) {
    int sum = 0;
    for (int k = 0; k < 5; ++k) sum = sum * 3 + (k * 128 + t) % 97;
    EXPECT_EQ(result.output[static_cast<std::size_t>(t)], sum);
  }
}

TEST(EmulatedRing, EveryBrokenHandOverIsFound) {
  const auto defect = [](std::string body) { return defect_of(ring_kernel(std::move(body))); };
  EXPECT_NE(defect(without(kRing, "mbarrier_wait(empty + 8 * s, (round + 1) % 2);")), "");
  EXPECT_NE(defect(with(kRing, "(round + 1) % 2", "round % 2")), "");  // producer a phase off
  EXPECT_NE(defect(with(kRing, "full + 8 * s, round % 2", "full + 8 * s, (round + 1) % 2")), "");
  EXPECT_NE(defect(without(kRing, "mbarrier_arrive(empty + 8 * s);")), "");
  EXPECT_NE(
      defect(with(kRing, "mbarrier_init(empty + 8 * s, 128)", "mbarrier_init(empty + 8 * s, 64)")),
      "");
  EXPECT_NE(defect(with(kRing, "s * 512, full + 8 * s, {0", "512 - s * 512, full + 8 * s, {0")),
            "");
}

// ---- Clusters ----

// Rank 0 loads 512 bytes into both blocks; each adds its rank.
constexpr const char* kMulticast =
    "const u32 t = thread_index(); const u32 bar = 32768;"
    "if (t == 0) { mbarrier_init(bar, 1); fence_mbarrier_init(); } sync_cluster();"
    "if (t == 0) mbarrier_arrive_expect(bar, 512);"
    "if (t == 0 && cluster_rank() == 0) tma_load_multicast<2>(params.map0, 0, bar, {0, 0}, 3u);"
    "mbarrier_wait(bar, 0);"
    "global_store(out + block_index_x() * 128 + t, shared_load<i32>(t * 4) + i32(cluster_rank()) * "
    "1000);"
    "sync_cluster();";

MicroKernel cluster_kernel(std::string body) {
  MicroKernel kernel = ring_kernel(std::move(body));
  kernel.threads = 128;
  kernel.blocks = 4;
  kernel.cluster = 2;
  kernel.outputs = 512;
  return kernel;
}

TEST(EmulatedCluster, MulticastReachesBothBlocks) {
  const MicroResult result = run(cluster_kernel(kMulticast));
  ASSERT_FALSE(result.failure) << result.failure->detail;
  for (int i = 0; i < 512; ++i)
    EXPECT_EQ(result.output[static_cast<std::size_t>(i)], i % 128 % 97 + i / 128 % 2 * 1000);
}

TEST(EmulatedCluster, MistakesBetweenBlocksAreFound) {
  const auto defect = [](std::string body) { return defect_of(cluster_kernel(std::move(body))); };
  EXPECT_THAT(defect(with(kMulticast, "} sync_cluster();", "} sync_block();")),
              HasSubstr("mbarrier"));
  EXPECT_THAT(defect(with(kMulticast, "{0, 0}, 3u", "{0, 0}, 1u")), HasSubstr("wait at mbarrier"));
  EXPECT_THAT(defect(with(kMulticast, "{0, 0}, 3u", "{0, 0}, 7u")), HasSubstr("cluster lacks"));
  // Without the last sync, block 0 arrives at a block that may have ended.
  const std::string late =
      with(kMulticast, "sync_cluster();", "") +
      "if (t == 0 && cluster_rank() == 1) { for (int i = 0; i < 9; ++i) sync_warp(); }";
  EXPECT_NE(defect(late), "");
}

TEST(EmulatedCluster, RemoteArrivalsCount) {
  const std::string body =
      "const u32 t = thread_index(); const u32 bar = 32768;"
      "if (t == 0) { mbarrier_init(bar, 256); fence_mbarrier_init(); } sync_cluster();"
      "mbarrier_arrive_at(bar, 0); mbarrier_arrive_at(bar, 1); mbarrier_wait(bar, 0);"
      "global_store(out + block_index_x() * 128 + t, 1); sync_cluster();";
  EXPECT_EQ(defect_of(cluster_kernel(body)), "");
  EXPECT_THAT(defect_of(cluster_kernel(with(body, "mbarrier_arrive_at(bar, 1); ", ""))),
              HasSubstr("wait at mbarrier"));
}

TEST(EmulatedHopper, TheSameTextsCompileForTheDevice) {
  for (MicroKernel kernel :
       {load_kernel(kLoad), store_kernel(kStore), ring_kernel(kRing), cluster_kernel(kMulticast)}) {
    try {
      const auto ptx = Nvrtc().ptx(emit(kernel), "sm_90a");
      ASSERT_TRUE(std::holds_alternative<std::string>(ptx)) << std::get<Failure>(ptx).detail;
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
}

}  // namespace
}  // namespace perftune::testing
