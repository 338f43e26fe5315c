// Energy per launch from a counter that moves in steps, as NVML's and RAPL's do: every 20 to 100 ms, or every
// millisecond.
//
// Launches follow each other without a pause; counted are those between two steps of the counter that are at least
// the window apart, so that neither end is cut. What the device takes at rest is in it: it is taken while the
// kernel runs. The clock and the counter are the caller's: pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace perftune {

struct EnergySource {
  std::function<void(int launches)> run;              // and waits for their end; throws what it likes
  std::function<std::optional<double>()> joules;      // of the counter now; nullopt: it stopped answering
  std::function<double()> seconds;                    // a steady clock
};

struct EnergyReading {
  double joules_per_launch = 0;
  double launches = 0;
  double seconds = 0;
};

// `launch_us` is about what one launch takes. nullopt with `why_not` set when the counter does not answer, or does
// not move within `patience` seconds.
std::optional<EnergyReading> read_energy(const EnergySource& source, double launch_us, double window_seconds,
                                         double patience_seconds, std::string& why_not);

// By rounds over `count` kernels, so that what warms the machine warms it for all: joules per launch, one vector per
// kernel. Empty with `why_not` set when the counter fails.
std::vector<std::vector<double>> energy_rounds(std::size_t count, std::string& why_not,
                                               const std::function<EnergySource(std::size_t kernel)>& source);

}  // namespace perftune
