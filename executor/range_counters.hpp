// Collects hardware counters while a kernel runs on a present device (CUPTI's range profiler, replaying
// the kernel as often as its counters need passes; CUPTI saves and restores what it writes).
//
// Call order: any, in a process that runs no ActivityClock: the two exclude each other. The device's
// context is current. Throws Error{unavailable} when CUPTI is too old or something fails on the way;
// counters that the driver keeps for administrators come back as `refused`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "executor/cupti.hpp"

namespace perftune {

struct CollectedCounter {
  std::string key;   // CollectedMetric's
  std::string name;
  double value = 0;
};

struct CounterReading {
  std::string chip;
  std::size_t passes = 0;
  std::vector<CollectedCounter> counters;  // those that came out finite
  std::string refused;                     // why there are none, and what would allow them
};

// `launch` runs the kernel once and waits for it.
CounterReading read_counters(const cupti::Library& library, std::size_t device, void* context,
                             const std::function<void()>& launch);

}  // namespace perftune
