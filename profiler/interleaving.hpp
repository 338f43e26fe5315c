// The order of an interleaved measurement: rounds of all kernels and the control, each round in
// random order, until there are enough (confirmation.hpp decides on the samples).
//
// Pure but for `sample`, which the caller provides.
#pragma once

#include <cstdint>
#include <functional>

#include "profiler/confirmation.hpp"

namespace perftune {

struct InterleavingLimits {
  double min_seconds = 0.2;       // of samples in total, at least
  std::size_t rounds = 15;        // at least
  double noise = 0.01;            // then until the control's ratio is known within this,
  double max_seconds = 3.0;       // or this has passed,
  std::size_t fewest_rounds = 5;  // which also ends long kernels, after these
};

// One sample, in microseconds per launch, of kernel `index`; `count` stands for the control. Zero
// or less ends the measurement.
using SampleKernel = std::function<double(std::size_t index)>;

// Samples of `count` kernels; the control is a copy of kernel 0. Empty when it was ended.
InterleavedSamples interleave(std::size_t count, std::uint64_t seed,
                              const InterleavingLimits& limits, const SampleKernel& sample);

}  // namespace perftune
