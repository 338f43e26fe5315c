// The roofline: the rate that each ceiling of a machine allows an operator of given intensity.
//
// For reports and as the naive baseline that the pipeline model is judged beside; the tuner does
// not rank by it (Williams, Waterman, Patterson: "Roofline", CACM 52(4), 2009). Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// One ceiling: a horizontal one (an arithmetic peak) or a slanted one (a memory level).
struct Ceiling {
  std::string name;    // "tensor f16", "scalar f32", "dram", "l2"
  bool memory = false;
  double rate = 0;     // TFLOP/s of an arithmetic peak, GB/s of a memory level
  bool measured = false;
};

struct Roofline {
  double flops = 0;
  double compulsory_bytes = 0;
  double intensity = 0;           // FLOP per compulsory byte
  double attainable_tflops = 0;   // least of peak and intensity x memory bandwidth
  double seconds = 0;             // flops over the attainable rate
  std::string limiter;            // name of the ceiling that sets it
  std::vector<Ceiling> ceilings;  // the peak of op's types on every pipe, then memory levels
};

// `op`'s place under the ceilings of `hardware`. A multiply type that no pipe takes falls back to
// the accumulator's scalar peak. `warm`: what a CPU's caches can hold of the data is there before the
// kernel starts, so the innermost level that holds all compulsory bytes takes the place of DRAM where
// its bandwidth was measured. A GPU is always taken as cold. The one definition of "fraction of the
// roofline": stores, queries and reports use it.
Roofline roofline(const Operator& op, const Hardware& hardware, bool warm = false);

// TFLOP/s that `ceiling` allows at `intensity` (FLOP/byte).
double attainable_tflops(const Ceiling& ceiling, double intensity);

}  // namespace perftune
