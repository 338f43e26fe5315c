#include "costmodel/belief_update.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>

namespace perftune {
namespace {

class Covariance {
 public:
  Covariance(std::span<const Belief> beliefs, std::span<const double> points, std::size_t width,
             const BeliefPrior& prior)
      : beliefs_(beliefs), points_(points), width_(width), prior_(prior) {}

  double operator()(std::size_t a, std::size_t b) const {
    const double own = a == b ? 1 - prior_.alike_share : 0;
    return prior_.shared * prior_.shared +
           beliefs_[a].sigma * beliefs_[b].sigma * (prior_.alike_share * likeness(a, b) + own);
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

}  // namespace

std::vector<Belief> update_beliefs(std::span<const Belief> beliefs, std::span<const double> points,
                                   std::size_t width, std::span<const Measured> measured,
                                   const BeliefPrior& prior) {
  const Covariance covariance(beliefs, points, width, prior);
  const auto n = static_cast<Eigen::Index>(measured.size());
  Eigen::MatrixXd k(n, n);
  Eigen::VectorXd error(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Measured& mi = measured[static_cast<std::size_t>(i)];
    error[i] = mi.log_time - beliefs[mi.candidate].log_time;
    for (Eigen::Index j = 0; j < n; ++j)
      k(i, j) = covariance(mi.candidate, measured[static_cast<std::size_t>(j)].candidate);
    k(i, i) += prior.measurement * prior.measurement + 1e-9;
  }
  const Eigen::LLT<Eigen::MatrixXd> factor(k);
  const Eigen::VectorXd weights = n > 0 ? Eigen::VectorXd(factor.solve(error)) : Eigen::VectorXd();
  std::vector<Belief> out;
  Eigen::VectorXd with(n);
  for (std::size_t c = 0; c < beliefs.size(); ++c) {
    double variance = covariance(c, c), mean = beliefs[c].log_time;
    if (n > 0) {
      for (Eigen::Index i = 0; i < n; ++i) with[i] = covariance(c, measured[static_cast<std::size_t>(i)].candidate);
      mean += with.dot(weights);
      variance -= factor.matrixL().solve(with).squaredNorm();
    }
    out.push_back({mean, std::sqrt(std::max(0.0, variance))});
  }
  return out;
}

}  // namespace perftune
