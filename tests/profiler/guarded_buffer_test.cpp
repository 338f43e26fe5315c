#include "executor/guarded_buffer.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <utility>

namespace perftune {
namespace {

class GuardedBufferTest : public testing::TestWithParam<std::size_t> {};

TEST_P(GuardedBufferTest, IsAlignedWritableAndIntact) {
  GuardedBuffer buffer(GetParam());
  EXPECT_EQ(buffer.size(), GetParam());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0u);
  std::memset(buffer.data(), 7, buffer.size());
  EXPECT_TRUE(buffer.intact());
}

TEST_P(GuardedBufferTest, SeesOneByteBefore) {
  GuardedBuffer buffer(GetParam());
  buffer.data()[-1] = std::byte{0};
  EXPECT_FALSE(buffer.intact());
}

TEST_P(GuardedBufferTest, OneByteAfterIsSeenOrFaults) {
  GuardedBuffer buffer(GetParam());
  volatile std::byte* const after = buffer.data() + buffer.size();
  if (GetParam() % 64 == 0) {
    EXPECT_EXIT(*after = std::byte{0}, testing::KilledBySignal(SIGSEGV), "");
  } else {
    *after = std::byte{0};
    EXPECT_FALSE(buffer.intact());
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, GuardedBufferTest,
                         testing::Values(4, 64, 100, 4032, 4096, 1000000));

TEST(GuardedBufferMove, KeepsTheMemory) {
  GuardedBuffer first(100);
  std::byte* const data = first.data();
  GuardedBuffer second = std::move(first);
  EXPECT_EQ(second.data(), data);
  EXPECT_TRUE(second.intact());
  first = GuardedBuffer(8);
  EXPECT_NE(first.data(), data);
}

}  // namespace
}  // namespace perftune
