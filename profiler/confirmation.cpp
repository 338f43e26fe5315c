#include "profiler/confirmation.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "profiler/statistics.hpp"

namespace perftune {
namespace {

constexpr double kTieThreshold = 0.01;
constexpr double kConfidence = 0.95;

}  // namespace

double control_noise(const InterleavedSamples& samples) {
  const Interval reach = median_interval(
      ratios(samples.control_us, samples.kernels_us[samples.controlled]), kConfidence);
  return std::max(std::abs(reach.low - 1), std::abs(reach.high - 1));
}

Confirmed decide(const InterleavedSamples& samples) {
  assert(!samples.kernels_us.empty() && !samples.kernels_us.front().empty());
  Confirmed result;
  for (const std::vector<double>& kernel : samples.kernels_us) {
    result.timings.push_back({median(kernel), relative_spread(kernel), kernel});
  }
  // The fastest: nobody beats it by the median of per-round ratios. Starting from the least median
  // and moving only to strictly faster ones ends.
  const auto least = std::ranges::min_element(result.timings, {}, &Timing::median_us);
  result.fastest = static_cast<std::size_t>(least - result.timings.begin());
  const auto ratios_to = [&](std::size_t kernel, std::size_t base) {
    return ratios(samples.kernels_us[kernel], samples.kernels_us[base]);
  };
  for (std::size_t i = 0; i < samples.kernels_us.size(); ++i) {
    if (median(ratios_to(i, result.fastest)) < 1) result.fastest = i;
  }
  if (!samples.control_us.empty()) result.noise = control_noise(samples);
  const double threshold = std::max(kTieThreshold, result.noise);
  for (std::size_t i = 0; i < samples.kernels_us.size(); ++i) {
    const auto ratios = ratios_to(i, result.fastest);
    result.ratios.push_back(median(ratios));
    if (i != result.fastest && median_interval(ratios, kConfidence).low <= 1 + threshold)
      result.ties.push_back(i);
  }
  return result;
}

std::string_view name(BenchVerdict verdict) {
  switch (verdict) {
    case BenchVerdict::faster: return "FASTER";
    case BenchVerdict::same: return "SAME";
    case BenchVerdict::slower: return "SLOWER";
    case BenchVerdict::ambiguous: break;
  }
  return "AMBIGUOUS";
}

Comparison compare(const InterleavedSamples& samples, std::size_t other) {
  assert(other >= 1 && other < samples.kernels_us.size());
  const std::vector<double> per_round = ratios(samples.kernels_us[other], samples.kernels_us[0]);
  const Interval interval = median_interval(per_round, kConfidence);
  const double line =
      std::max(kTieThreshold, samples.control_us.empty() ? 0 : control_noise(samples));
  Comparison result{median(per_round), interval.low, interval.high, BenchVerdict::ambiguous};
  if (interval.low > 1 + line)
    result.verdict = BenchVerdict::faster;
  else if (interval.high < 1 - line)
    result.verdict = BenchVerdict::slower;
  else if (interval.low >= 1 - line && interval.high <= 1 + line)
    result.verdict = BenchVerdict::same;
  return result;
}

}  // namespace perftune
