#include "profiler/interleaving.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>
#include <vector>

namespace perftune {

InterleavedSamples interleave(std::size_t count, std::uint64_t seed,
                              const InterleavingLimits& limits, const SampleKernel& sample) {
  using Clock = std::chrono::steady_clock;
  InterleavedSamples samples;
  samples.kernels_us.resize(count);
  std::vector<std::size_t> order(count + 1);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(seed);
  const auto start = Clock::now();
  for (std::size_t round = 0;; ++round) {
    const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    if (round >= limits.fewest_rounds && elapsed >= limits.max_seconds) break;
    if (round >= limits.rounds && elapsed >= limits.min_seconds &&
        control_noise(samples) <= limits.noise) {
      break;
    }
    std::ranges::shuffle(order, random);
    for (const std::size_t i : order) {
      const double us = sample(i);
      if (!(us > 0)) return {};
      (i < count ? samples.kernels_us[i] : samples.control_us).push_back(us);
    }
  }
  return samples;
}

}  // namespace perftune
