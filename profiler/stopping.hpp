// When to stop sampling one kernel: as soon as its median is known well enough, or at the limit.
//
// A rule on the spread stops too early or never on a noisy machine (cpu_facts.md); this one asks
// how well the *median* is known (a distribution-free interval), and whether it drifts (the first
// half of the samples against the second). Noise shrinks the interval slowly and still ends; a
// drift or two alternating speeds do not, and are labelled.
//
// Call order: (add -> more)* add -> stop. Pure: time comes in as an argument. Samples that are not
// positive and finite are dropped and counted, never used.
#pragma once

#include <string>
#include <vector>

#include "db/outcome.hpp"

namespace perftune {

struct StoppingOptions {
  int min_rounds = 5;          // samples
  double min_seconds = 0.010;  // of sampling: five samples of 50 us are one scheduler tick
  int fewest_rounds = 3;       // kernels so long that min_rounds exceed max_seconds end with these
  double max_seconds = 1.0;    // of sampling; then stop with what there is
  int max_rounds = 20000;      // samples kept; bounds memory
  double confidence = 0.95;    // of the interval of the median
  double stable_tolerance = 0.01;  // stop: interval's half width and halves' difference, relative
  double noisy_tolerance = 0.05;   // at the limit, beyond this the result is labelled noisy

  static StoppingOptions from(const Policy& policy);
};

class StoppingRule {
 public:
  enum class Verdict { more, stable, limit };

  explicit StoppingRule(StoppingOptions options) : options_(options) {}

  // One sample of per-launch time, and the seconds since sampling began.
  Verdict add(double sample_us, double elapsed_s);

  // Not known within `noisy_tolerance`: the outcome is OutcomeKind::noisy, with why().
  bool noisy() const;
  std::string why() const;

  const std::vector<double>& samples() const { return samples_; }
  int dropped() const { return dropped_; }

  // Median, spread and samples; never NaN. Zeros when every sample was dropped (then noisy()).
  Timing timing() const;

 private:
  bool enough() const;        // samples for a median worth the name
  double half_width() const;  // of the median's interval, relative
  double drift() const;       // difference of the halves' medians, relative

  StoppingOptions options_;
  std::vector<double> samples_;
  int dropped_ = 0;
  std::size_t next_look_ = 0;  // looking costs a sort: at geometrically growing counts
};

}  // namespace perftune
