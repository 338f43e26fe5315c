// This CPU as a Hardware: what CPUID, /sys and a few milliseconds of timing tell.
//
// The clock and the FMA unit are timed, not looked up: /proc/cpuinfo gives a nominal clock that is
// off by 40 % on a virtual machine, and "avx512" says nothing about how many FMAs start per cycle.
// Run it on a quiet machine; takes about 0.1 s. Ceilings of the memory levels are cpu_calibrate's.
#pragma once

#include "executor/cpu_identity.hpp"
#include "executor/cpu_topology.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

// Named "cpu-local". Throws Error{unavailable} without AVX2 and FMA.
Hardware detect_cpu(const CpuTopology& topology);

}  // namespace perftune
