#include "costmodel/belief_update.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <limits>

namespace perftune {
namespace {

class Covariance {
 public:
  Covariance(std::span<const Belief> beliefs, std::span<const double> points, std::size_t width,
             const BeliefPrior& prior)
      : beliefs_(beliefs), points_(points), width_(width), prior_(prior) {}

  // Of beliefs `scale` times as uncertain as given.
  double operator()(std::size_t a, std::size_t b, double scale) const {
    const double own = a == b ? 1 - prior_.alike_share : 0;
    return prior_.shared * prior_.shared + scale * scale * beliefs_[a].sigma * beliefs_[b].sigma *
                                               (prior_.alike_share * likeness(a, b) + own);
  }

 private:
  double likeness(std::size_t a, std::size_t b) const {
    double square = 0;
    for (std::size_t f = 0; f < width_; ++f) {
      const double d = points_[a * width_ + f] - points_[b * width_ + f];
      square += d * d;
    }
    const double s = std::sqrt(5 * square) / prior_.length;
    return (1 + s + s * s / 3) * std::exp(-s);
  }

  std::span<const Belief> beliefs_;
  std::span<const double> points_;
  std::size_t width_;
  const BeliefPrior& prior_;
};

struct Fit {
  double scale = 1;
  Eigen::LLT<Eigen::MatrixXd> factor;
  double log_posterior = 0;
};

Fit fit_at(const Covariance& covariance, std::span<const Measured> measured, const Eigen::VectorXd& error,
           const BeliefPrior& prior, double log_scale) {
  const auto n = static_cast<Eigen::Index>(measured.size());
  Fit fit;
  fit.scale = std::exp(log_scale);
  Eigen::MatrixXd k(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j)
      k(i, j) = covariance(measured[static_cast<std::size_t>(i)].candidate,
                           measured[static_cast<std::size_t>(j)].candidate, fit.scale);
    k(i, i) += prior.measurement * prior.measurement + 1e-9;
  }
  fit.factor.compute(k);
  const Eigen::VectorXd white = fit.factor.matrixL().solve(error);
  fit.log_posterior = -0.5 * white.squaredNorm() -
                      fit.factor.matrixLLT().diagonal().array().log().sum();
  if (prior.scale_spread > 0) fit.log_posterior -= 0.5 * std::pow(log_scale / prior.scale_spread, 2);
  return fit;
}

// The scale of largest posterior on a grid from a fifth to 2.7 times.
Fit fit_scale(const Covariance& covariance, std::span<const Measured> measured, const Eigen::VectorXd& error,
              const BeliefPrior& prior) {
  if (prior.scale_spread <= 0 || measured.empty()) return fit_at(covariance, measured, error, prior, 0);
  double best = 0, most = -std::numeric_limits<double>::infinity();
  for (int step = -5; step <= 3; ++step) {
    const double posterior = fit_at(covariance, measured, error, prior, step / 3.0).log_posterior;
    if (posterior > most) most = posterior, best = step / 3.0;
  }
  return fit_at(covariance, measured, error, prior, best);
}

}  // namespace

std::vector<Belief> update_beliefs(std::span<const Belief> beliefs, std::span<const double> points,
                                   std::size_t width, std::span<const Measured> measured,
                                   const BeliefPrior& prior) {
  const Covariance covariance(beliefs, points, width, prior);
  const auto n = static_cast<Eigen::Index>(measured.size());
  Eigen::VectorXd error(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Measured& mi = measured[static_cast<std::size_t>(i)];
    error[i] = mi.log_time - beliefs[mi.candidate].log_time;
  }
  const Fit fit = fit_scale(covariance, measured, error, prior);
  const Eigen::VectorXd weights = n > 0 ? Eigen::VectorXd(fit.factor.solve(error)) : Eigen::VectorXd();
  std::vector<Belief> out;
  Eigen::VectorXd with(n);
  for (std::size_t c = 0; c < beliefs.size(); ++c) {
    double variance = covariance(c, c, fit.scale), mean = beliefs[c].log_time;
    if (n > 0) {
      for (Eigen::Index i = 0; i < n; ++i)
        with[i] = covariance(c, measured[static_cast<std::size_t>(i)].candidate, fit.scale);
      mean += with.dot(weights);
      variance -= fit.factor.matrixL().solve(with).squaredNorm();
    }
    out.push_back({mean, std::sqrt(std::max(0.0, variance))});
  }
  return out;
}

}  // namespace perftune
