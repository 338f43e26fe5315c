// What became of a candidate. A failure is an answer: it is recorded, never thrown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/kernel.hpp"

namespace perftune {

enum class OutcomeKind {
  timed,    // ran, verified, timed
  pending,  // compiled and emulated; waits for a device
  compile_failed,
  rejected,  // compiled, but spills, warns, or is faster than the hardware can be
  launch_failed,
  crashed,
  timed_out,
  wrong_result,
  noisy,  // timed, but the samples never settled
};
std::string_view name(OutcomeKind kind);  // as in `tune --json`
std::optional<OutcomeKind> parse_outcome_kind(std::string_view text);

enum class VerifiedBy { none, emulation, device };
std::string_view name(VerifiedBy by);
std::optional<VerifiedBy> parse_verified_by(std::string_view text);

struct Timing {
  double median_us = 0;
  double spread = 0;               // relative: interquartile range over median
  std::vector<double> samples_us;  // per launch, in order taken
};

// What a device said of itself at one moment (NVML). Zero: it does not tell.
struct DeviceState {
  double sm_mhz = 0;
  double memory_mhz = 0;
  double temperature_c = 0;
  double power_w = 0;
  std::string reasons;     // for clocks below the maximum: "sw_power_cap+hw_thermal"; empty: none
  bool throttled = false;  // one of them takes speed away: power, heat, a brake
};

// Under what a time was taken.
struct Conditions {
  std::string clock;                   // that the samples are of: "cupti" | "event"
  std::optional<double> launch_us{};   // from the launch call to its end seen by the host, median
  std::optional<DeviceState> before{};
  std::optional<DeviceState> after{};  // under load, at the end of the samples
  bool throttled = false;              // in every attempt: the time is kept, labelled
};

struct Outcome {
  OutcomeKind kind = OutcomeKind::pending;
  std::string detail;  // one line: the compiler's, the worst element, the signal
  VerifiedBy verified_by = VerifiedBy::none;
  std::optional<Resources> resources;
  std::optional<Timing> timing;
  std::optional<Conditions> conditions;
  double compile_seconds = 0;
  double verify_seconds = 0;
  double measure_seconds = 0;
  std::string binary;  // cubin or shared object, when one was asked for
};

// How a time was taken; part of the validity key through text().
struct Policy {
  bool cold = false;  // caches flushed before each sample (GPU default) or warm (CPU)
  bool rotate = false;  // with cold, on a GPU: launches take turns over buffers larger than L2, nothing is flushed
  int threads = 1;    // CPU
  double warmup_ms = 50;
  double sample_us = 50;  // shortest sample; shorter kernels repeat within one
  int min_rounds = 5;
  double max_seconds = 1.0;    // per candidate, screening
  std::string timer = "wall";  // wall | cupti | event
  std::string text() const;    // canonical
};

}  // namespace perftune
