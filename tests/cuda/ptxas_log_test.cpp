// The figures that matter are found in logs as CUDA 13.0 writes them.
#include <gtest/gtest.h>

#include "executor/nvrtc.hpp"

namespace perftune {
namespace {

TEST(PtxasLog, ReadsRegistersSpillsStackAndWarnings) {
  const Resources found = parse_ptxas_log(
      "ptxas warning : Registers are spilled to local memory in function 'k', 24 bytes spill "
      "stores, 24 bytes spill loads\n"
      "ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are "
      "serialized\n"
      "ptxas info    : 17 bytes gmem, 40 bytes cmem[4]\n"
      "ptxas info    : Compiling entry function 'k' for 'sm_80'\n"
      "ptxas info    : Function properties for k\n"
      "ptxas         .     48 bytes stack frame, 24 bytes spill stores, 28 bytes spill loads\n"
      "ptxas info    : Used 128 registers, used 1 barriers, 1024 bytes smem, 456 bytes cmem[0]\n"
      "ptxas info    : Function properties for __internal_accurate_pow\n"
      "ptxas         .     8 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n",
      "k");
  EXPECT_EQ(found.registers, 128);
  EXPECT_EQ(found.spill_bytes, 52);
  EXPECT_EQ(found.stack_bytes, 48);
  EXPECT_EQ(found.shared_bytes, 1024);
  EXPECT_EQ(found.warnings.size(), 2U);
}

TEST(PtxasLog, ACleanLogHasNothingToSay) {
  const Resources found = parse_ptxas_log(
      "ptxas info    : Function properties for k\n"
      "ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
      "ptxas info    : Used 32 registers, used 0 barriers\n",
      "k");
  EXPECT_EQ(found.registers, 32);
  EXPECT_EQ(found.spill_bytes, 0);
  EXPECT_TRUE(found.warnings.empty());
}

}  // namespace
}  // namespace perftune
