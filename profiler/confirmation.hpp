// The second measurement's decision: which of the interleaved kernels wins, and which tie.
//
// Every round times all kernels and the control, in random order, so that what disturbs the machine
// disturbs them alike: decisions are on medians of per-round ratios, never on ratios of medians
// (cpu_facts.md: A/A differences fall from 20 % to about 1 %). The control is a second copy of one
// kernel; its distance from that kernel is the noise of this very run. A kernel whose
// median ratio to the fastest may (95 %) be within the larger of 1 % and the noise is a tie: few
// rounds or a disturbed machine give more ties, not another winner.
//
// Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "db/outcome.hpp"

namespace perftune {

// Microseconds per call: one inner vector per kernel, all of one length, entry i from round i.
struct InterleavedSamples {
  std::vector<std::vector<double>> kernels_us;
  std::vector<double> control_us;  // a copy of kernels_us[controlled]
  std::size_t controlled = 0;
};

struct Confirmed {
  std::size_t fastest = 0;
  std::vector<double> ratios;     // to the fastest, by median of per-round ratios
  std::vector<std::size_t> ties;  // others that the rounds cannot tell from the fastest
  double noise = 0;               // how far from 1 the control's median ratio may be (95 %)
  std::vector<Timing> timings;    // one per kernel
};

// How far from 1 the median ratio of the control to its kernel may be (95 %); needs one round.
double control_noise(const InterleavedSamples& samples);

// Needs at least one kernel and one round.
Confirmed decide(const InterleavedSamples& samples);

}  // namespace perftune
