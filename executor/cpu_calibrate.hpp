// The ceilings of this CPU, measured: what `hardware calibrate` writes and rooflines are drawn at.
//
// Keys, for all cores and with the suffix "_1t" for one:
//   fma_f32_tflops fma_f64_tflops        independent FMAs in registers
//   l1_gbps l2_gbps l3_gbps dram_gbps    reading, working set of half a level (DRAM: 4 x L3)
//   dram_copy_gbps                       copying with non-temporal stores, bytes read + written
// One thread per physical core, pinned. Each value is the best of many short trials: other load
// only lowers a trial, so the maximum estimates the machine. Nothing else should run meanwhile.
#pragma once

#include <map>
#include <string>

#include "executor/cpu_topology.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

enum class CalibrationEffort {
  quick,  // about 1 s: good to a few percent on a quiet machine
  full,   // about 6 s
};

// `hardware` from detect_cpu on the same topology; `date` goes into each value's source. Throws
// Error{unavailable} when memory for the working sets is short.
std::map<std::string, Hardware::Measured> calibrate_cpu(const Hardware& hardware,
                                                        const CpuTopology& topology,
                                                        CalibrationEffort effort,
                                                        const std::string& date);

// What one core can do, all can do together: raises each all-core value to its "_1t" twin where load
// from others made it come out lower. Part of calibrate_cpu; pure.
std::map<std::string, Hardware::Measured> all_cores_at_least_one(
    std::map<std::string, Hardware::Measured> values);

}  // namespace perftune
