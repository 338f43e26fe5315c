// One machine with some of its cores.
#include "recipes/cpu_threads.hpp"

#include <gtest/gtest.h>

namespace perftune {
namespace {

Hardware four_cores() {
  Hardware h;
  h.kind = Hardware::Kind::cpu;
  h.name = "cpu-local";
  h.sms = h.cpu.cores = 4;
  h.scalar_tflops = {{DType::f32, 0.4}};
  h.measured = {{"l1_gbps", {400, "x"}},  {"l1_gbps_1t", {100, "one"}}, {"dram_gbps", {60, "x"}}, {"dram_gbps_1t", {30, "x"}},
                {"l2_gbps", {200, "x"}},  {"dram_copy_gbps", {50, "x"}}};
  return h;
}

TEST(WithThreads, OneThreadHasOneCoresCeilings) {
  const Hardware one = with_threads(four_cores(), 1);
  EXPECT_EQ(one.name, "cpu-local-1t");
  EXPECT_EQ(one.sms, 1);
  EXPECT_EQ(one.cpu.cores, 1);
  EXPECT_DOUBLE_EQ(one.peak_tflops(DType::f32, Pipe::scalar), 0.1);
  EXPECT_DOUBLE_EQ(one.measured_value("l1_gbps").value(), 100);
  EXPECT_DOUBLE_EQ(one.measured_value("dram_gbps").value(), 30);
  EXPECT_EQ(one.measured.at("l1_gbps").source, "one");
}

TEST(WithThreads, BetweenOneAndAll) {
  const Hardware three = with_threads(four_cores(), 3);
  EXPECT_DOUBLE_EQ(three.measured_value("l1_gbps").value(), 300);
  EXPECT_EQ(three.measured.at("l2_gbps").source, "x; estimated from it for 3 of 4 cores");
  EXPECT_DOUBLE_EQ(three.measured_value("dram_gbps").value(), 50);  // 30 + 2/3 of 30
  EXPECT_DOUBLE_EQ(three.measured_value("l2_gbps").value(), 150);   // not measured for one: in proportion
  EXPECT_DOUBLE_EQ(three.measured_value("dram_copy_gbps").value(), 50);
  EXPECT_DOUBLE_EQ(three.measured_value("dram_gbps_1t").value(), 30);
}

TEST(WithThreads, AllCoresAndMoreAreTheMachine) {
  for (const int threads : {0, 4, 64}) {
    const Hardware same = with_threads(four_cores(), threads);
    EXPECT_EQ(same.name, "cpu-local");
    EXPECT_EQ(same.cpu.cores, 4);
    EXPECT_DOUBLE_EQ(same.measured_value("l1_gbps").value(), 400);
  }
}

}  // namespace
}  // namespace perftune
