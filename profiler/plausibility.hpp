// The least time that a machine can take: what is faster is a bug of the kernel or of the clock,
// and is rejected as one.
//
// Peaks are at the maximum clock, not the sustained one (gpu_facts.md), with a margin for the error
// of a measured clock. Pure.
#pragma once

#include <optional>
#include <string>

#include "db/outcome.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

struct LeastTime {
  double us = 0;        // 0: nothing is known about this machine
  std::string because;  // "4.3 GFLOP at 228 GFLOP/s"
};

// By arithmetic alone, and by the bandwidth of the innermost cache where it is known (a warm
// policy may keep everything there).
LeastTime least_possible(const Operator& op, const Hardware& hardware, const Policy& policy);

// Why a time is impossible; nullopt when it is not.
std::optional<std::string> impossible(double us, const LeastTime& least);

// "faster than DRAM alone allows (...)": possible only from caches, so worth a note under a cold
// policy. Empty when it is not, or the bandwidth is unknown.
std::string faster_than_dram(double us, const Operator& op, const Hardware& hardware);

}  // namespace perftune
