#include "costmodel/network.hpp"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace perftune {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXf;

constexpr std::size_t kBatch = 64;

// Views of one flat parameter (or gradient) array.
template <typename Float>
struct Layers {
  using M = Eigen::Map<std::conditional_t<std::is_const_v<Float>, const Matrix, Matrix>>;
  using V = Eigen::Map<std::conditional_t<std::is_const_v<Float>, const Vector, Vector>>;
  M w1;
  V b1;
  M w2;
  V b2;
  V w3;
  V b3;

  Layers(Float* p, int in, int h, int h2)
      : w1(p, h, in),
        b1(p + h * in, h),
        w2(p + h * in + h, h2, h),
        b2(p + h * in + h + h2 * h, h2),
        w3(p + h * in + h + h2 * h + h2, h2),
        b3(p + h * in + h + h2 * h + 2 * h2, 1) {}
};

// Gradient of the loss with respect to each output of a batch.
//
// Huber on the residual; and, for neighbours of one group whose true times differ by more than the
// noise of a measurement, the logistic loss on their predicted order (as RankNet, ICML 2005).
Vector output_gradient(const Vector& output, const NetworkData& data,
                       const std::vector<std::size_t>& rows, float ranking) {
  const auto n = static_cast<std::size_t>(output.size());
  const auto count = static_cast<float>(n);
  Vector gradient(output.size());
  for (std::size_t i = 0; i < n; ++i)
    gradient[static_cast<Eigen::Index>(i)] =
        std::clamp(output[static_cast<Eigen::Index>(i)] - data.target[rows[i]], -1.5F, 1.5F) / count;
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const std::size_t a = rows[i], b = rows[i + 1];
    if (data.group[a] != data.group[b]) continue;
    const float truth = data.offset[a] + data.target[a] - data.offset[b] - data.target[b];
    if (std::abs(truth) < 0.1F) continue;
    const auto ia = static_cast<Eigen::Index>(i);
    const float predicted = data.offset[a] + output[ia] - data.offset[b] - output[ia + 1];
    const float sign = truth > 0 ? 1.0F : -1.0F;
    const float push = ranking * sign / (1 + std::exp(2 * sign * predicted)) / count;
    gradient[ia] -= push;
    gradient[ia + 1] += push;
  }
  return gradient;
}

class Adam {
 public:
  explicit Adam(std::size_t size) : first_(Vector::Zero(Eigen::Index(size))), second_(first_) {}
  void step(std::vector<float>& weights, const std::vector<float>& gradient, float rate, float decay) {
    Eigen::Map<Vector> w(weights.data(), first_.size());
    const Eigen::Map<const Vector> g(gradient.data(), first_.size());
    ++time_;
    first_ = 0.9F * first_ + 0.1F * g;
    second_ = 0.999F * second_ + 0.001F * g.cwiseAbs2();
    const float c1 = 1 - std::pow(0.9F, static_cast<float>(time_));
    const float c2 = 1 - std::pow(0.999F, static_cast<float>(time_));
    w.array() -= rate * ((first_.array() / c1) / ((second_.array() / c2).sqrt() + 1e-6F) + decay * w.array());
  }

 private:
  Vector first_, second_;
  int time_ = 0;
};

void initialise(Network& net, std::mt19937_64& random) {
  net.weights.assign(Network::weight_count(net.inputs, net.hidden, net.hidden2), 0.0F);
  Layers<float> layers(net.weights.data(), net.inputs, net.hidden, net.hidden2);
  // Own scaling of raw bits: std::normal_distribution differs between standard libraries.
  const auto draw = [&](float scale) {
    return scale * (static_cast<float>(random() >> 40U) / 8388608.0F - 1.0F);
  };
  for (Eigen::Index i = 0; i < layers.w1.size(); ++i)
    layers.w1.data()[i] = draw(1.7F / std::sqrt(static_cast<float>(net.inputs)));
  for (Eigen::Index i = 0; i < layers.w2.size(); ++i)
    layers.w2.data()[i] = draw(1.7F / std::sqrt(static_cast<float>(net.hidden)));
  for (Eigen::Index i = 0; i < layers.w3.size(); ++i)
    layers.w3[i] = draw(0.5F / std::sqrt(static_cast<float>(net.hidden2)));
}

// Shuffles runs of rows, so that neighbours of one group mostly stay neighbours.
std::vector<std::size_t> shuffled_runs(std::size_t rows, std::mt19937_64& random) {
  constexpr std::size_t kRun = 4;
  const std::size_t shift = random() % kRun;
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < rows + shift; at += kRun) starts.push_back(at);
  for (std::size_t i = starts.size(); i > 1; --i) std::swap(starts[i - 1], starts[random() % i]);
  std::vector<std::size_t> order;
  order.reserve(rows);
  for (const std::size_t start : starts)
    for (std::size_t at = start; at < start + kRun; ++at)
      if (at >= shift && at - shift < rows) order.push_back(at - shift);
  return order;
}

void accumulate_gradient(const Network& net, const NetworkData& data,
                         const std::vector<std::size_t>& rows, float ranking,
                         std::vector<float>& gradient) {
  const Layers<const float> w(net.weights.data(), net.inputs, net.hidden, net.hidden2);
  Layers<float> g(gradient.data(), net.inputs, net.hidden, net.hidden2);
  Matrix x(Eigen::Index(rows.size()), data.inputs);
  for (std::size_t i = 0; i < rows.size(); ++i)
    x.row(Eigen::Index(i)) = Eigen::Map<const Eigen::RowVectorXf>(
        data.x.data() + rows[i] * static_cast<std::size_t>(data.inputs), data.inputs);
  const Matrix h1 = ((x * w.w1.transpose()).rowwise() + w.b1.transpose()).array().tanh();
  const Matrix h2 = ((h1 * w.w2.transpose()).rowwise() + w.b2.transpose()).array().tanh();
  const Vector output = (h2 * w.w3).array() + w.b3[0];

  const Vector d = output_gradient(output, data, rows, ranking);
  g.w3 = h2.transpose() * d;
  g.b3[0] = d.sum();
  const Matrix d2 = (d * w.w3.transpose()).array() * (1 - h2.array().square());
  g.w2 = d2.transpose() * h1;
  g.b2 = d2.colwise().sum().transpose();
  const Matrix d1 = (d2 * w.w2).array() * (1 - h1.array().square());
  g.w1 = d1.transpose() * x;
  g.b1 = d1.colwise().sum().transpose();
}

}  // namespace

std::size_t Network::weight_count(int inputs, int hidden, int hidden2) {
  return static_cast<std::size_t>(hidden * inputs + hidden + hidden2 * hidden + 2 * hidden2 + 1);
}

float Network::evaluate(std::span<const float> x) const {
  const Layers<const float> w(weights.data(), inputs, hidden, hidden2);
  const Eigen::Map<const Vector> in(x.data(), inputs);
  const Vector h1 = (w.w1 * in + w.b1).array().tanh();
  const Vector h2 = (w.w2 * h1 + w.b2).array().tanh();
  return w.w3.dot(h2) + w.b3[0];
}

Network train_network(const NetworkData& data, const NetworkTraining& training) {
  std::mt19937_64 random(training.seed);
  Network net{data.inputs, training.hidden, std::max(2, training.hidden / 2), {}};
  initialise(net, random);
  Adam adam(net.weights.size());
  std::vector<float> gradient(net.weights.size());
  std::vector<std::size_t> batch;
  for (int epoch = 0; epoch < training.epochs; ++epoch) {
    // The rate falls to a twentieth over the run (cosine).
    const float progress = static_cast<float>(epoch) / static_cast<float>(training.epochs);
    const float rate = training.learning_rate * (0.05F + 0.475F * (1 + std::cos(3.14159265F * progress)));
    const std::vector<std::size_t> order = shuffled_runs(data.rows(), random);
    for (std::size_t at = 0; at < order.size(); at += kBatch) {
      const auto from = order.begin() + static_cast<std::ptrdiff_t>(at);
      batch.assign(from, from + static_cast<std::ptrdiff_t>(std::min(kBatch, order.size() - at)));
      accumulate_gradient(net, data, batch, training.ranking, gradient);
      adam.step(net.weights, gradient, rate, training.weight_decay);
    }
  }
  return net;
}

}  // namespace perftune
