// LSTM and GRU, one step after the other, with the default activations.
#include <cmath>

#include "models/reference.hpp"

namespace perftune {
namespace {

using Specs = std::optional<std::vector<ArraySpec>>;
using Outputs = std::span<const ArrayView>;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Four sums, so that one addition need not wait for the last.
double dot(const double* a, const double* b, std::int64_t count) {
  double sums[4] = {};
  std::int64_t k = 0;
  for (; k + 4 <= count; k += 4)
    for (int s = 0; s < 4; ++s) sums[s] += a[k + s] * b[k + s];
  for (; k < count; ++k) sums[0] += a[k] * b[k];
  return sums[0] + sums[1] + (sums[2] + sums[3]);
}

struct Recurrence {
  std::int64_t steps, batch, input, hidden, directions, gates;
};

Recurrence recurrence_of(const OpCall& call) {
  const bool lstm = call.node->op == "LSTM";
  const Shape &x = call.in(0).shape(), &weight = call.in(1).shape();
  if (x.size() != 3 || weight.size() != 3) call.fail("takes X and W of three dimensions");
  Recurrence r{x[0], x[1], x[2], call.in(2).shape().back(), weight[0], lstm ? 4 : 3};
  if (call.node->integer("layout", 0) != 0 || call.node->has("activations") || call.node->has("clip") ||
      (call.has(4) && call.in(4).elements() > 0) || (lstm && (call.has(7) || call.node->integer("input_forget", 0) != 0)))
    call.fail("layout 1, activations, clip, sequence lengths, peepholes and input_forget are not supported");
  if (weight[1] != r.gates * r.hidden || weight[2] != r.input) call.fail("W does not fit X and R");
  return r;
}

Specs infer(const OpCall& call) {
  const Recurrence r = recurrence_of(call);
  const Element type = call.in(0).type();
  const Shape state{r.directions, r.batch, r.hidden};
  std::vector<ArraySpec> specs{{type, {r.steps, r.directions, r.batch, r.hidden}}};
  for (std::size_t i = 1; i < call.node->outputs.size(); ++i) specs.push_back({type, state});
  return specs;
}

class Direction {
 public:
  Direction(const OpCall& call, const Recurrence& r, std::int64_t d) : call_(call), r_(r), d_(d) {
    x_.resize(static_cast<std::size_t>(call.in(0).elements()));
    for (std::size_t i = 0; i < x_.size(); ++i) x_[i] = read_real(call.in(0), static_cast<std::int64_t>(i));
    load(w_, call.in(1), r.gates * r.hidden * r.input);
    load(u_, call.in(2), r.gates * r.hidden * r.hidden);
    if (call.has(3)) load(bias_, call.in(3), 2 * r.gates * r.hidden);
    else bias_.assign(static_cast<std::size_t>(2 * r.gates * r.hidden), 0);
    h_.assign(static_cast<std::size_t>(r.batch * r.hidden), 0);
    c_ = h_;
    if (call.has(5)) load(h_, call.in(5), r.batch * r.hidden);
    if (r.gates == 4 && call.has(6)) load(c_, call.in(6), r.batch * r.hidden);
  }

  void step(std::int64_t t) {
    std::vector<double> next = h_;
    for (std::int64_t b = 0; b < r_.batch; ++b)
      for (std::int64_t i = 0; i < r_.hidden; ++i) {
        double& h = next[b * r_.hidden + i];
        if (r_.gates == 4) {  // i, o, f, c
          const double in = sigmoid(gate(t, b, 0, i)), out = sigmoid(gate(t, b, 1, i)), forget = sigmoid(gate(t, b, 2, i));
          double& c = c_[b * r_.hidden + i];
          c = forget * c + in * std::tanh(gate(t, b, 3, i));
          h = out * std::tanh(c);
        } else {
          h = gru(t, b, i);
        }
      }
    h_ = std::move(next);
  }

  const std::vector<double>& h() const { return h_; }
  const std::vector<double>& c() const { return c_; }

 private:
  void load(std::vector<double>& into, const ArrayView& from, std::int64_t count) const {
    into.resize(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) into[i] = read_real(from, d_ * count + i);
  }
  double input_part(std::int64_t t, std::int64_t b, std::int64_t row) const {
    return bias_[row] + dot(&w_[row * r_.input], &x_[(t * r_.batch + b) * r_.input], r_.input);
  }
  double hidden_part(std::int64_t b, std::int64_t row) const {
    return bias_[r_.gates * r_.hidden + row] + dot(&u_[row * r_.hidden], &h_[b * r_.hidden], r_.hidden);
  }
  double gate(std::int64_t t, std::int64_t b, std::int64_t g, std::int64_t i) const {
    return input_part(t, b, g * r_.hidden + i) + hidden_part(b, g * r_.hidden + i);
  }
  double gru(std::int64_t t, std::int64_t b, std::int64_t i) const {  // z, r, h
    const double z = sigmoid(gate(t, b, 0, i));
    const std::int64_t row = 2 * r_.hidden + i;
    double candidate = input_part(t, b, row);
    if (call_.node->integer("linear_before_reset", 0) != 0) {
      candidate += sigmoid(gate(t, b, 1, i)) * hidden_part(b, row);
    } else {
      candidate += bias_[r_.gates * r_.hidden + row];
      for (std::int64_t k = 0; k < r_.hidden; ++k)
        candidate += u_[row * r_.hidden + k] * sigmoid(gate(t, b, 1, k)) * h_[b * r_.hidden + k];
    }
    return (1 - z) * std::tanh(candidate) + z * h_[b * r_.hidden + i];
  }

  const OpCall& call_;
  const Recurrence& r_;
  std::int64_t d_;
  std::vector<double> x_, w_, u_, bias_, h_, c_;
};

void compute(const OpCall& call, Outputs outputs) {
  const Recurrence r = recurrence_of(call);
  const std::string order = call.node->word("direction", "forward");
  for (std::int64_t d = 0; d < r.directions; ++d) {
    Direction direction(call, r, d);
    const bool back = order == "reverse" || d == 1;
    for (std::int64_t step = 0; step < r.steps; ++step) {
      const std::int64_t t = back ? r.steps - 1 - step : step;
      direction.step(t);
      if (outputs[0].data == nullptr) continue;
      for (std::int64_t i = 0; i < r.batch * r.hidden; ++i)
        write_real(outputs[0], (t * r.directions + d) * r.batch * r.hidden + i, direction.h()[i]);
    }
    for (std::int64_t i = 0; i < r.batch * r.hidden; ++i) {
      const std::int64_t at = d * r.batch * r.hidden + i;
      if (outputs.size() > 1 && outputs[1].data != nullptr) write_real(outputs[1], at, direction.h()[i]);
      if (outputs.size() > 2 && outputs[2].data != nullptr) write_real(outputs[2], at, direction.c()[i]);
    }
  }
}

}  // namespace

void add_recurrent(ReferenceOps& ops) {
  ops["LSTM"] = {infer, compute};
  ops["GRU"] = {infer, compute};
}

}  // namespace perftune
