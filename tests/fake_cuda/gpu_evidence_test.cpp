// What a GPU measurement says of itself: which clock, at what clocks, how throttled; and counters.
#include <cmath>
#include <filesystem>

#include "gpu_worker_fixture.hpp"
#include "profiler/device_probe.hpp"

namespace perftune {
namespace {

using testing::HasSubstr;

class GpuEvidence : public GpuWorker {
 protected:
  Outcome measured_with(const FakeDevice& fake, const std::string& timer = "cupti") {
    write_fake_device(folder_.path(), fake);
    options_.policy.timer = timer;
    return run({known(device_program(DeviceFault::none, 4))}).at(0);
  }

  CountedKernel counted(DeviceFault fault) {
    write_fake_device(folder_.path(), fake_);
    const Subject subject{op_, definition(op_), options_.hardware, options_.policy, 1};
    return count_kernel(pool_options_, subject, known(device_program(fault)), 0);
  }
};

TEST_F(GpuEvidence, TheClockOfRecordIsTheDevicesOwn) {
  const Outcome outcome = measured_with(fake_);
  expect_measured(outcome);
  ASSERT_TRUE(outcome.conditions);
  EXPECT_EQ(outcome.conditions->clock, "cupti");
  // What the caller waits for holds the kernel and more.
  ASSERT_TRUE(outcome.conditions->launch_us);
  EXPECT_GT(*outcome.conditions->launch_us, 0);
  ASSERT_TRUE(outcome.conditions->before && outcome.conditions->after);
  EXPECT_EQ(outcome.conditions->after->sm_mhz, 1410);
  EXPECT_EQ(outcome.conditions->after->memory_mhz, 1593);
  EXPECT_EQ(outcome.conditions->after->temperature_c, 41);
  EXPECT_NEAR(outcome.conditions->after->power_w, 250.5, 1e-9);
  EXPECT_EQ(outcome.conditions->after->reasons, "idle");
  EXPECT_FALSE(outcome.conditions->throttled);
}

TEST_F(GpuEvidence, ADriverWithoutRecordsLeavesEventsAndSaysSo) {
  fake_.cupti = "silent";
  const Outcome outcome = measured_with(fake_);
  expect_measured(outcome);
  EXPECT_EQ(outcome.conditions->clock, "event");
}

TEST_F(GpuEvidence, LostRecordsLoseSamplesNotTheMeasurement) {
  fake_.cupti = "lossy";
  const Outcome outcome = measured_with(fake_);
  ASSERT_TRUE(outcome.timing) << outcome.detail;
  for (const double us : outcome.timing->samples_us) EXPECT_TRUE(std::isfinite(us) && us > 0);
}

// Under events and a warm policy a kernel of microseconds repeats in a graph: launches are counted by
// the fake, and a graph's count like others.
TEST_F(GpuEvidence, ShortKernelsRepeatInAGraph) {
  op_ = parse_operator_text(
            "name: twice\ndims: {m: 10}\ninputs: {A: \"f32[m]\"}\noutputs: {C: \"f32[m]\"}\n"
            "compute:\n  - C[m] = A[m] * 2 + 1\n",
            "test")[0].op;
  fake_.fast_kernels = 1;
  write_fake_device(folder_.path(), fake_);
  options_.policy.timer = "event";
  const Outcome outcome = run({known(device_program(DeviceFault::none))}).at(0);
  expect_measured(outcome);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() + "/graphs")) << "no graph was launched";
}

// 8 KB of tensors exceed twice 64 KiB of L2 from 16 sets on; a kernel that is wrong later is still found.
TEST_F(GpuEvidence, BuffersRotateWhereTheyAreTogetherLargerThanL2) {
  options_.hardware.l2_mib = 0.0625;
  options_.policy.cold = options_.policy.rotate = true;
  const Outcome outcome = measured_with(fake_);
  expect_measured(outcome);
  EXPECT_THAT(outcome.detail, HasSubstr("rotating over 17 of its buffer sets"));
  EXPECT_THAT(options_.policy.text(), HasSubstr("cache=rotating"));
  const auto wrong = run({known(device_program(DeviceFault::wrong_later))});
  EXPECT_EQ(wrong.at(0).kind, OutcomeKind::wrong_result);
}

TEST_F(GpuEvidence, BuffersTooSmallToRotateAreFlushed) {
  op_ = op_.rebind({{"m", 10}});       // 1 KB with its alignment
  options_.hardware.l2_mib = 2.5;      // twice that: more than 4096 sets
  options_.policy.cold = options_.policy.rotate = true;
  const Outcome outcome = measured_with(fake_);
  expect_measured(outcome);
  EXPECT_THAT(outcome.detail, HasSubstr("flushed"));
}

TEST_F(GpuEvidence, TheProbeFindsTheClock) {
  const PresentDevice found = probe_device(pool_options_, 0);
  EXPECT_EQ(found.clock, "cupti");
  EXPECT_EQ(found.driver, "580.00.00-fake");
  EXPECT_THAT(found.uuid, HasSubstr("GPU-0001"));
  EXPECT_EQ(found.note, "");
}

TEST_F(GpuEvidence, ARefusedOrTakenProfilerLeavesEvents) {
  for (const auto& [how, why] : {std::pair("refused", "INSUFFICIENT_PRIVILEGES"),
                                 std::pair("busy", "MULTIPLE_SUBSCRIBERS")}) {
    fake_.cupti = how;
    write_fake_device(folder_.path(), fake_);
    const PresentDevice found = probe_device(pool_options_, 0);
    EXPECT_EQ(found.clock, "event");
    EXPECT_THAT(found.note, HasSubstr(why));
  }
}

TEST_F(GpuEvidence, AMomentOfThrottlingIsMeasuredAgain) {
  fake_.throttled_reads = 3;
  const Outcome outcome = measured_with(fake_);
  expect_measured(outcome);
  EXPECT_FALSE(outcome.conditions->throttled);
  EXPECT_THAT(outcome.detail, testing::Not(HasSubstr("throttled")));
}

TEST_F(GpuEvidence, ThrottlingAllThroughIsLabelled) {
  fake_.throttled_reads = -1;
  const Outcome outcome = measured_with(fake_);
  expect_measured(outcome);
  EXPECT_TRUE(outcome.conditions->throttled);
  EXPECT_THAT(outcome.detail, HasSubstr("throttled throughout (sw_power_cap+hw_thermal, 900 MHz)"));
  EXPECT_TRUE(std::isfinite(outcome.timing->median_us));
}

TEST_F(GpuEvidence, CountersOfAKernel) {
  const CountedKernel found = counted(DeviceFault::none);
  ASSERT_FALSE(found.failure) << found.failure->detail;
  EXPECT_EQ(found.chip, "GA100");
  EXPECT_EQ(found.passes, 3);
  EXPECT_EQ(found.refused, "");
  ASSERT_FALSE(found.counters.empty());
  EXPECT_TRUE(std::ranges::any_of(found.counters, [](const CounterValue& value) {
    return value.metric == "dram_read_bytes" && value.name == "dram__bytes_read.sum" && value.value >= 100;
  }));
}

TEST_F(GpuEvidence, RefusedCountersAreAMessage) {
  fake_.counters = "refused";
  const CountedKernel found = counted(DeviceFault::none);
  EXPECT_FALSE(found.failure);
  EXPECT_TRUE(found.counters.empty());
  EXPECT_THAT(found.refused, HasSubstr("INSUFFICIENT_PRIVILEGES"));
  EXPECT_THAT(found.refused, HasSubstr("NVreg_RestrictProfilingToAdminUsers"));
}

TEST_F(GpuEvidence, AKernelThatCrashesIsCountedAsThat) {
  const CountedKernel found = counted(DeviceFault::illegal_address);
  ASSERT_TRUE(found.failure);
  EXPECT_EQ(found.failure->kind, OutcomeKind::crashed);
}

}  // namespace
}  // namespace perftune
