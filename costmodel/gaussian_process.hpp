// A Gaussian process over few measurements of one space: the surrogate of a search that starts
// from nothing, where an ensemble of networks would have too little to learn from.
//
// Matern 5/2 kernel with one length scale per input (Rasmussen and Williams, "Gaussian Processes
// for Machine Learning", 2006, ch. 4 and 5). fit() costs O(n^3), meant for n below a few hundred.
// Deterministic; immutable after fit; thread-safe.
#pragma once

#include <span>
#include <vector>

#include "costmodel/acquisition.hpp"

namespace perftune {

class GaussianProcess {
 public:
  static constexpr double typical_scale = 0.7;  // prior of the inverse length scales: log-normal, sigma 1

  // `points`: rows of `width` inputs in [0, 1]; `log_times`: one per row, all finite, at least two.
  // `scales` (inverse length scales, one per input) start the search for the most likely ones and
  // may come from an earlier fit; empty: a common start.
  static GaussianProcess fit(std::span<const double> points, std::size_t width,
                             std::span<const double> log_times, std::vector<double> scales = {});

  // How likely `log_times` are at these points and scales, and how typical the scales: a logarithm, but for a
  // constant. Compares places for the same measurements.
  static double log_posterior(std::span<const double> points, std::size_t width, std::span<const double> log_times,
                              const std::vector<double>& scales);

  // One belief per row of `points`.
  std::vector<Belief> predict(std::span<const double> points) const;
  const std::vector<double>& scales() const { return scales_; }

 private:
  std::size_t width_ = 0;
  std::vector<double> scales_;
  std::vector<double> points_;   // scaled, row-major
  std::vector<double> factor_;   // Cholesky factor, column-major n x n
  std::vector<double> weights_;  // K^-1 z
  double mean_ = 0, deviation_ = 1;
};

}  // namespace perftune
