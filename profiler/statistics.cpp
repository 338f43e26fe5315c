#include "profiler/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>

namespace perftune {
namespace {

std::vector<double> sorted(std::span<const double> samples) {
  std::vector<double> result(samples.begin(), samples.end());
  std::ranges::sort(result);
  return result;
}

double quantile_of_sorted(const std::vector<double>& values, double q) {
  assert(!values.empty());
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double fraction = position - static_cast<double>(below);
  return values[below] + fraction * (values[above] - values[below]);
}

}  // namespace

double quantile(std::span<const double> samples, double q) {
  return quantile_of_sorted(sorted(samples), q);
}

double median(std::span<const double> samples) { return quantile(samples, 0.5); }

double relative_spread(std::span<const double> samples) {
  const std::vector<double> values = sorted(samples);
  const double middle = quantile_of_sorted(values, 0.5);
  if (middle <= 0) return 0;
  return (quantile_of_sorted(values, 0.75) - quantile_of_sorted(values, 0.25)) / middle;
}

Interval median_interval(std::span<const double> samples, double confidence) {
  const std::vector<double> values = sorted(samples);
  const std::size_t n = values.size();
  assert(n > 0);
  // The k-th smallest and k-th largest miss the median with probability 2 P(Binomial(n, 1/2) < k):
  // the largest k that keeps this below 1 - confidence. Log space, since 2^-n underflows.
  const double allowed = (1 - confidence) / 2;
  double log_term = -static_cast<double>(n) * std::log(2.0);
  double tail = 0;
  std::size_t k = 0;
  while (k < n / 2) {
    tail += std::exp(log_term);
    if (tail > allowed) break;
    log_term += std::log(static_cast<double>(n - k)) - std::log(static_cast<double>(k + 1));
    ++k;
  }
  const std::size_t rank = k > 0 ? k - 1 : 0;
  return {values[rank], values[n - 1 - rank]};
}

std::vector<double> ratios(std::span<const double> numerator, std::span<const double> denominator) {
  assert(numerator.size() == denominator.size());
  std::vector<double> result;
  result.reserve(numerator.size());
  for (std::size_t i = 0; i < numerator.size(); ++i)
    result.push_back(numerator[i] / denominator[i]);
  return result;
}

std::string outlier_note(std::span<const double> samples) {
  const std::vector<double> values = sorted(samples);
  const double low = quantile_of_sorted(values, 0.25);
  const double high = quantile_of_sorted(values, 0.75);
  const double reach = 1.5 * (high - low);
  const auto outside =
      std::ranges::count_if(values, [&](double v) { return v < low - reach || v > high + reach; });
  if (outside == 0) return {};
  return fmt::format("{} of {} samples are outliers, the largest {:.2f} times the median", outside,
                     values.size(), values.back() / quantile_of_sorted(values, 0.5));
}

}  // namespace perftune
