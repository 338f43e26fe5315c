#include "profiler/stopping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "profiler/statistics.hpp"

namespace perftune {
namespace {

// Kernels longer than the limit still get their fewest rounds, within this many limits.
constexpr double kPatience = 20;

}  // namespace

StoppingOptions StoppingOptions::from(const Policy& policy) {
  StoppingOptions options;
  options.min_rounds = policy.min_rounds;
  options.max_seconds = policy.max_seconds;
  return options;
}

StoppingRule::Verdict StoppingRule::add(double sample_us, double elapsed_s) {
  if (std::isfinite(sample_us) && sample_us > 0) {
    samples_.push_back(sample_us);
  } else {
    ++dropped_;
  }
  const auto count = samples_.size();
  const bool rounds_over =
      count + static_cast<std::size_t>(dropped_) >= static_cast<std::size_t>(options_.max_rounds);
  const bool time_over = elapsed_s >= options_.max_seconds && enough();
  const bool at_limit = rounds_over || time_over || elapsed_s >= kPatience * options_.max_seconds;
  if (count >= static_cast<std::size_t>(options_.min_rounds) && elapsed_s >= options_.min_seconds &&
      count >= next_look_) {
    next_look_ = count + std::max<std::size_t>(count / 8, 1);
    if (half_width() <= options_.stable_tolerance && drift() <= options_.stable_tolerance) {
      return Verdict::stable;
    }
  }
  return at_limit ? Verdict::limit : Verdict::more;
}

double StoppingRule::half_width() const {
  const Interval interval = median_interval(samples_, options_.confidence);
  return (interval.high - interval.low) / 2 / median(samples_);
}

double StoppingRule::drift() const {
  const std::span<const double> all(samples_);
  const std::size_t half = all.size() / 2;
  if (half == 0) return 0;
  const double early = median(all.first(half));
  const double late = median(all.last(half));
  return std::abs(late - early) / median(all);
}

bool StoppingRule::enough() const {
  return samples_.size() >=
         static_cast<std::size_t>(std::min(options_.fewest_rounds, options_.min_rounds));
}

bool StoppingRule::noisy() const {
  return !enough() || half_width() > options_.noisy_tolerance ||
         drift() > options_.noisy_tolerance;
}

std::string StoppingRule::why() const {
  if (!enough()) {
    return fmt::format("only {} usable samples ({} dropped)", samples_.size(), dropped_);
  }
  std::string text = fmt::format("median known within {:.1f} %, drift {:.1f} %, {} samples",
                                 100 * half_width(), 100 * drift(), samples_.size());
  const std::string outliers = outlier_note(samples_);
  return outliers.empty() ? text : text + "; " + outliers;
}

Timing StoppingRule::timing() const {
  Timing timing;
  if (samples_.empty()) return timing;
  timing.median_us = median(samples_);
  timing.spread = relative_spread(samples_);
  timing.samples_us = samples_;
  return timing;
}

}  // namespace perftune
