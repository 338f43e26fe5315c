// What hardware counters said of kernels, in the store: the latest collection of each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/store.hpp"

namespace perftune {

struct CounterValue {
  std::string metric;  // ours: "dram_read_bytes"
  std::string name;    // the profiler's: "dram__bytes_read.sum"
  double value = 0;
};

// Replaces what was known of this kernel for this operator on this device. Throws Error{store} when
// the store knows no build of the kernel.
void put_counters(Store& store, OperatorId op, HardwareId hardware, std::string_view kernel,
                  const std::vector<CounterValue>& values);

// In order of the metrics' names; empty when none were collected.
std::vector<CounterValue> counters(Store& store, OperatorId op, HardwareId hardware,
                                   std::string_view kernel);

}  // namespace perftune
