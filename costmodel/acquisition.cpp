#include "costmodel/acquisition.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace perftune {

double expected_improvement(const Belief& belief, double best_log) {
  const double gain = best_log - belief.log_time;
  if (!(belief.sigma > 0)) return std::max(0.0, gain);
  const double u = gain / belief.sigma;
  const double density = std::exp(-0.5 * u * u) / std::sqrt(2 * std::numbers::pi);
  const double below = 0.5 * std::erfc(-u / std::numbers::sqrt2);
  return belief.sigma * (u * below + density);
}

std::vector<std::size_t> choose_batch(std::span<const Belief> beliefs, std::span<const double> points,
                                      std::size_t width, double best_log, std::size_t count) {
  std::vector<double> gain(beliefs.size());
  for (std::size_t i = 0; i < beliefs.size(); ++i) gain[i] = expected_improvement(beliefs[i], best_log);
  std::vector<std::size_t> chosen;
  while (chosen.size() < std::min(count, beliefs.size())) {
    const auto best = static_cast<std::size_t>(std::max_element(gain.begin(), gain.end()) - gain.begin());
    if (gain[best] < 0) break;
    chosen.push_back(best);
    const double* from = points.data() + best * width;
    for (std::size_t i = 0; i < gain.size(); ++i) {
      const double* to = points.data() + i * width;
      double distance = 0;
      for (std::size_t f = 0; f < width; ++f) distance += (from[f] - to[f]) * (from[f] - to[f]);
      gain[i] *= 1 - std::exp(-distance);
    }
    for (const std::size_t taken : chosen) gain[taken] = -1;
  }
  return chosen;
}

}  // namespace perftune
