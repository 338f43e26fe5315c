#include "costmodel/gaussian_process.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>

namespace perftune {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RowsView = Eigen::Map<const Rows>;

constexpr double kNoise = 1e-3;        // variance of a measurement against the space's
constexpr double kLeastScale = 0.05, kMostScale = 8;

struct Standardised {
  explicit Standardised(std::span<const double> log_times) {
    const Eigen::Map<const Vector> y(log_times.data(), Eigen::Index(log_times.size()));
    mean = y.mean();
    deviation = std::max(1e-9, std::sqrt((y.array() - mean).square().mean()));
    z = (y.array() - mean) / deviation;
  }
  double mean = 0, deviation = 1;
  Vector z;
};

Rows scaled(const RowsView& points, const std::vector<double>& scales) {
  return points * Eigen::Map<const Vector>(scales.data(), Eigen::Index(scales.size())).asDiagonal();
}

Matrix kernel(const Rows& a, const Rows& b) {
  Matrix distance = (-2 * a * b.transpose()).colwise() + a.rowwise().squaredNorm();
  distance.rowwise() += b.rowwise().squaredNorm().transpose();
  const Eigen::ArrayXXd s = (5 * distance.array().max(0)).sqrt();
  return ((1 + s + s.square() / 3) * (-s).exp()).matrix();
}

struct Fit {
  Matrix factor;
  Vector weights;
  double log_posterior = 0;
};

Fit fit_at(const RowsView& points, const Vector& z, const std::vector<double>& scales) {
  const Rows x = scaled(points, scales);
  Matrix k = kernel(x, x);
  k.diagonal().array() += kNoise;
  const Eigen::LLT<Matrix> llt(k);
  Fit fit{llt.matrixL(), llt.solve(z), 0};
  fit.log_posterior = -0.5 * z.dot(fit.weights) - fit.factor.diagonal().array().log().sum();
  for (const double s : scales) fit.log_posterior -= 0.5 * std::pow(std::log(s / GaussianProcess::typical_scale), 2);
  return fit;
}

// One pass of coordinate ascent over the length scales: cheap, and repeated at every fit of a
// search, where the data grow by one.
Fit ascend(const RowsView& points, const Vector& z, std::vector<double>& scales) {
  Fit best = fit_at(points, z, scales);
  for (double& scale : scales) {
    const double start = scale;
    for (const double factor : {1.6, 1 / 1.6}) {
      scale = std::clamp(start * factor, kLeastScale, kMostScale);
      Fit tried = fit_at(points, z, scales);
      if (tried.log_posterior > best.log_posterior) {
        best = std::move(tried);
        break;
      }
      scale = start;
    }
  }
  return best;
}

}  // namespace

double GaussianProcess::log_posterior(std::span<const double> points, std::size_t width,
                                      std::span<const double> log_times, const std::vector<double>& scales) {
  const Standardised times(log_times);
  return fit_at(RowsView(points.data(), times.z.size(), Eigen::Index(width)), times.z, scales).log_posterior;
}

GaussianProcess GaussianProcess::fit(std::span<const double> points, std::size_t width,
                                     std::span<const double> log_times, std::vector<double> scales) {
  GaussianProcess gp;
  gp.width_ = width;
  gp.scales_ = scales.empty() ? std::vector<double>(width, typical_scale) : std::move(scales);
  const Standardised times(log_times);
  gp.mean_ = times.mean;
  gp.deviation_ = times.deviation;
  const RowsView view(points.data(), times.z.size(), Eigen::Index(width));
  const Fit fit = ascend(view, times.z, gp.scales_);
  const Rows x = scaled(view, gp.scales_);
  gp.points_.assign(x.data(), x.data() + x.size());
  gp.factor_.assign(fit.factor.data(), fit.factor.data() + fit.factor.size());
  gp.weights_.assign(fit.weights.data(), fit.weights.data() + fit.weights.size());
  return gp;
}

std::vector<Belief> GaussianProcess::predict(std::span<const double> points) const {
  const auto known = Eigen::Index(weights_.size());
  const auto width = Eigen::Index(width_);
  const RowsView x(points_.data(), known, width);
  const Eigen::Map<const Matrix> factor(factor_.data(), known, known);
  const Eigen::Map<const Vector> weights(weights_.data(), known);
  const Eigen::Index rows = Eigen::Index(points.size()) / width;
  std::vector<Belief> beliefs;
  beliefs.reserve(static_cast<std::size_t>(rows));
  constexpr Eigen::Index kChunk = 1024;  // keeps the kernel block in cache
  for (Eigen::Index at = 0; at < rows; at += kChunk) {
    const Eigen::Index n = std::min(kChunk, rows - at);
    Matrix k = kernel(x, scaled(RowsView(points.data() + at * width, n, width), scales_));
    const Vector mean = k.transpose() * weights;
    factor.triangularView<Eigen::Lower>().solveInPlace(k);
    const Vector explained = k.colwise().squaredNorm();
    for (Eigen::Index i = 0; i < n; ++i)
      beliefs.push_back({mean[i] * deviation_ + mean_,
                         std::sqrt(std::max(1e-9, 1 - explained[i])) * deviation_});
  }
  return beliefs;
}

}  // namespace perftune
