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
#include <string>
#include <string_view>
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

// One kernel against others of known names: kernels_us[0] is ours, kernels_us[1 + i] is names[i].
struct NamedSamples {
  std::vector<std::string> names;
  std::vector<std::string> details;  // of each: its version and choice; empty where it does not tell
  InterleavedSamples samples;
  std::vector<std::string> missing;  // what else was looked for, and why it is not there
};

enum class BenchVerdict { faster, same, slower, ambiguous };
std::string_view name(BenchVerdict verdict);  // "FASTER" | "SAME" | "SLOWER" | "AMBIGUOUS"

// Ours against one other: above 1 ours is faster.
struct Comparison {
  double ratio = 0;  // other's time over ours, the median of per-round ratios
  double low = 0;    // its interval (95 %)
  double high = 0;
  BenchVerdict verdict = BenchVerdict::ambiguous;
};

// FASTER and SLOWER when the whole interval is beyond the larger of 1 % and the run's own noise, SAME
// when it is within, AMBIGUOUS when it is on both sides of that line. `other` >= 1.
Comparison compare(const InterleavedSamples& samples, std::size_t other);

// How far from 1 the median ratio of the control to its kernel may be (95 %); needs one round.
double control_noise(const InterleavedSamples& samples);

// Needs at least one kernel and one round.
Confirmed decide(const InterleavedSamples& samples);

}  // namespace perftune
