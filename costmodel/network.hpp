// One member of the learned ensemble: inputs -> tanh -> tanh -> one number, and its training.
//
// Plain arrays so that models can be compared, hashed and written; the linear algebra (Eigen)
// stays in network.cpp. Deterministic: one thread, a seeded generator, a fixed order of sums.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace perftune {

struct Network {
  int inputs = 0, hidden = 0, hidden2 = 0;
  // Row-major, in order: first weights (hidden x inputs) and biases, second weights (hidden2 x
  // hidden) and biases, output weights (hidden2) and bias.
  std::vector<float> weights;

  static std::size_t weight_count(int inputs, int hidden, int hidden2);
  float evaluate(std::span<const float> x) const;
};

// Standardised rows, one after the other, ordered so that rows of one group are neighbours.
struct NetworkData {
  int inputs = 0;
  std::vector<float> x;       // rows x inputs
  std::vector<float> target;  // standardised log(measured / predicted)
  std::vector<float> offset;  // log(predicted), in the target's unit: ranking compares offset + output
  std::vector<int> group;
  std::size_t rows() const { return target.size(); }
};

struct NetworkTraining {
  std::uint64_t seed = 1;
  int hidden = 24;
  int epochs = 30;
  float ranking = 0.3F;
  float learning_rate = 0.005F;
  float weight_decay = 1e-4F;
};

Network train_network(const NetworkData& data, const NetworkTraining& training);

}  // namespace perftune
