// Energy per launch from a counter that moves in steps.
#include "profiler/energy_window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace perftune {
namespace {

using testing::HasSubstr;

// A device of `watts` on which a launch takes `launch_us`; its counter is told every `step_seconds`.
struct Meter {
  double watts, launch_us, step_seconds;
  double now = 0.0137;  // not at a step
  int stops_after = -1;
  int looks = 0;

  EnergySource source() {
    return {[this](int launches) { now += launches * launch_us * 1e-6; },
            [this]() -> std::optional<double> {
              if (stops_after >= 0 && looks++ >= stops_after) return std::nullopt;
              return watts * std::floor(now / step_seconds) * step_seconds;
            },
            [this] { return now; }};
  }
};

TEST(EnergyWindow, IsPowerTimesTimeWhateverTheSteps) {
  for (const double step : {0.001, 0.02, 0.1})
    for (const double launch_us : {3.0, 200.0, 7000.0}) {
      Meter meter{250, launch_us, step};
      std::string why_not;
      const auto reading = read_energy(meter.source(), launch_us, 0.5, 2, why_not);
      ASSERT_TRUE(reading) << why_not;
      // A batch at either end may lie across a step.
      EXPECT_NEAR(reading->joules_per_launch, 250 * launch_us * 1e-6, 0.04 * 250 * launch_us * 1e-6) << step << " s, " << launch_us << " us";
      EXPECT_GE(reading->seconds, 0.5);
      EXPECT_GT(reading->launches, 10);
    }
}

TEST(EnergyWindow, ACounterThatStandsStillOrEndsIsSaid) {
  std::string why_not;
  Meter still{0, 100, 0.02};
  EXPECT_FALSE(read_energy(still.source(), 100, 0.5, 2, why_not));
  EXPECT_THAT(why_not, HasSubstr("does not move"));
  Meter ends{250, 100, 0.02};
  ends.stops_after = 5;
  EXPECT_FALSE(read_energy(ends.source(), 100, 0.5, 2, why_not));
  EXPECT_THAT(why_not, HasSubstr("stopped answering"));
}

TEST(EnergyWindow, RoundsGiveOneValuePerKernelAndRound) {
  Meter meter{100, 0, 0.01};
  std::string why_not;
  const auto joules = energy_rounds(2, why_not, [&](std::size_t kernel) {
    EnergySource source = meter.source();
    source.run = [&meter, kernel](int launches) { meter.now += launches * (kernel == 0 ? 400e-6 : 100e-6); };
    return source;
  });
  ASSERT_EQ(joules.size(), 2U) << why_not;
  EXPECT_EQ(joules[0].size(), joules[1].size());
  for (std::size_t round = 0; round < joules[0].size(); ++round) EXPECT_NEAR(joules[0][round] / joules[1][round], 4, 0.4);
}

}  // namespace
}  // namespace perftune
