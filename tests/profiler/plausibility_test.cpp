// Ceilings that were measured on a disturbed machine must not reject honest times.
#include "profiler/plausibility.hpp"

#include <gtest/gtest.h>

#include "executor/cpu_calibrate.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {
namespace {

Hardware machine() {
  Hardware hardware;
  hardware.kind = Hardware::Kind::cpu;
  hardware.cpu.cores = 2, hardware.cpu.simd_bits = 512, hardware.cpu.clock_ghz = 4;
  hardware.cpu.fma_per_cycle = 2;
  return hardware;
}

Operator cube() {
  return parse_operator_text("name: p\ndims: {m: 64, n: 64, k: 64}\n"
                             "inputs: {A: \"f32[m,k]\", B: \"f32[k,n]\"}\n"
                             "outputs: {C: \"f32[m,n]\"}\n"
                             "compute:\n  - C[m,n] = sum[k](A[m,k] * B[k,n])\n",
                             "test")
      .at(0)
      .op;
}

Policy two_threads() {
  Policy policy;
  policy.threads = 2;
  return policy;
}

TEST(Plausibility, AnAbsurdBandwidthRejectsNothing) {
  Hardware hardware = machine();
  const LeastTime without = least_possible(cube(), hardware, two_threads());
  hardware.measured["l1_gbps"] = {0.006, "a thread that never ran"};
  const LeastTime with = least_possible(cube(), hardware, two_threads());
  EXPECT_DOUBLE_EQ(with.us, without.us);
  EXPECT_FALSE(impossible(2.9, with));  // the time of a good kernel
}

TEST(Plausibility, FasterThanTheUnitsIsStillImpossible) {
  Hardware hardware = machine();
  hardware.measured["l1_gbps"] = {900, ""};
  // 524288 flops at 2 cores x 4 GHz x 64 flops per cycle and 15 % more: 0.89 us.
  const LeastTime least = least_possible(cube(), hardware, two_threads());
  EXPECT_NEAR(least.us, 0.890, 0.001);
  EXPECT_TRUE(impossible(0.8, least));
}

TEST(Plausibility, ACalibrationThatFellShortTurnsNoGpuKernelAway) {
  const Hardware a100 = find_hardware("a100");
  Hardware calibrated = a100;
  calibrated.measured["l2_gbps"] = {500, "a disturbed calibration"};
  calibrated.measured["fma_f32_tflops"] = {0.1, "a disturbed calibration"};
  const Policy policy;
  EXPECT_LE(least_possible(cube(), calibrated, policy).us, 1.001 * least_possible(cube(), a100, policy).us);
}

TEST(Calibration, AllCoresAreNeverBelowOne) {
  const auto values = all_cores_at_least_one({{"l1_gbps", {0.006, "disturbed"}},
                                              {"l1_gbps_1t", {230, "quiet"}},
                                              {"l2_gbps", {300, "both"}},
                                              {"l2_gbps_1t", {160, "one"}}});
  EXPECT_DOUBLE_EQ(values.at("l1_gbps").value, 230);
  EXPECT_NE(values.at("l1_gbps").source.find("disturbed"), std::string::npos);
  EXPECT_DOUBLE_EQ(values.at("l2_gbps").value, 300);
  EXPECT_EQ(values.at("l2_gbps").source, "both");
}

}  // namespace
}  // namespace perftune
