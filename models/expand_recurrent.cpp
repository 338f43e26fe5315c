// LSTM and GRU as the products and elementwise operators that they are: one product of the input for all
// steps, then per step one of the hidden state and the gates. Definitions: ONNX operator specification,
// "LSTM" and "GRU" (gates i, o, f, c and z, r, h); what models/reference/recurrent.cpp computes node by node.
#include <algorithm>
#include <iterator>

#include "models/rewrite.hpp"

namespace perftune {
namespace {

// Each step is two to four kernels of its own, since it reads its input at an offset of its own: longer ones
// stay one node, on the reference.
constexpr std::int64_t kMostSteps = 16;

using Extents = Shape;

class Expansion {
 public:
  Expansion(FlatGraph& graph, const FlatNode& node) : graph_(graph), node_(node), lstm_(node.node.op == "LSTM"), gates_(lstm_ ? 4 : 3) {}

  // The nodes that replace it; empty: it stays.
  std::vector<FlatNode> run() {
    if (!fits()) return {};
    std::vector<int> sequences, hiddens, cells;
    for (std::int64_t d = 0; d < directions_; ++d) direction(d, sequences, hiddens, cells);
    finish(0, sequences, 1);
    finish(1, hiddens, 0);
    finish(2, cells, 0);
    return std::move(made_);
  }

 private:
  // What the expansion reads: known weights, f32, and the defaults that the reference has, too.
  bool fits() {
    const auto& in = node_.inputs;
    if (in.size() < 3 || !of_f32(in[0])) return false;
    for (const std::size_t i : {1, 2})
      if (!of_f32(in[i]) || !value(in[i]).constant) return false;
    if (given(3) && (!of_f32(in[3]) || !value(in[3]).constant)) return false;
    const Shape &x = shape(in[0]), &weight = shape(in[1]), &recurrent = shape(in[2]);
    if (x.size() != 3 || weight.size() != 3 || recurrent.size() != 3) return false;
    steps_ = x[0], batch_ = x[1], input_ = x[2], directions_ = weight[0], hidden_ = recurrent[2];
    const bool plain = node_.node.integer("layout", 0) == 0 && !node_.node.has("activations") && !node_.node.has("clip") &&
                       node_.node.integer("input_forget", 0) == 0 && !given(4) && !given(7);
    const bool sizes = weight[1] == gates_ * hidden_ && weight[2] == input_ && recurrent[1] == gates_ * hidden_ &&
                       steps_ > 0 && batch_ > 0 && input_ > 0 && hidden_ > 0 && directions_ * steps_ <= kMostSteps;
    for (const std::size_t i : {5, 6})
      if (given(i) && !of_f32(in[i])) return false;
    return plain && sizes;
  }

  bool given(std::size_t i) const {
    if (i >= node_.inputs.size() || node_.inputs[i] < 0) return false;
    const auto& spec = value(node_.inputs[i]).spec;
    return !spec || spec->elements() > 0;
  }
  const Value& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }
  const Shape& shape(int v) const { return value(v).spec->shape; }
  bool of_f32(int v) const { return v >= 0 && value(v).spec && value(v).spec->type == Element::f32; }
  bool asked(std::size_t output) const { return output < node_.outputs.size() && node_.outputs[output] >= 0; }
  bool before_reset() const { return node_.node.integer("linear_before_reset", 0) != 0; }

  int node(const char* op, std::vector<int> inputs, Extents extents) {
    FlatNode made;
    made.node.op = op;
    made.node.name = node_.node.name;
    made.inputs = std::move(inputs);
    made.outputs = {graph_.add({node_.node.name + " " + op, ArraySpec{Element::f32, std::move(extents)}, {}})};
    made_.push_back(std::move(made));
    return made_.back().outputs[0];
  }
  int node(const char* op, std::vector<int> inputs) {
    Extents same = shape(inputs[0]);
    return node(op, std::move(inputs), std::move(same));
  }
  int constant(std::shared_ptr<const Array> array) { return graph_.add({node_.node.name + " constant", array->spec, array}); }
  int integers_of(const std::vector<std::int64_t>& numbers) { return constant(std::make_shared<const Array>(make_integers(numbers))); }
  int reshape(int v, Extents extents) {
    const int to = integers_of(extents);
    return node("Reshape", {v, to}, std::move(extents));
  }
  int joined(std::vector<int> parts, std::int64_t axis) {
    if (parts.size() == 1) return parts[0];
    Extents extents = shape(parts[0]);
    extents[static_cast<std::size_t>(axis)] *= static_cast<std::int64_t>(parts.size());
    const int whole = node("Concat", std::move(parts), std::move(extents));
    made_.back().node.attributes["axis"] = {axis};
    return whole;
  }
  // `count` equal parts along `axis`.
  std::vector<int> parts_of(int v, std::int64_t axis, std::int64_t count) {
    if (count == 1) return {v};
    Extents extents = shape(v);
    extents[static_cast<std::size_t>(axis)] /= count;
    node("Split", {v, integers_of(std::vector<std::int64_t>(static_cast<std::size_t>(count), extents[static_cast<std::size_t>(axis)]))}, extents);
    FlatNode split = std::move(made_.back());
    made_.pop_back();
    split.node.attributes["axis"] = {axis};
    while (static_cast<std::int64_t>(split.outputs.size()) < count)
      split.outputs.push_back(graph_.add({node_.node.name + " Split", ArraySpec{Element::f32, extents}, {}}));
    split.node.outputs.assign(split.outputs.size(), node_.node.name + " part");
    std::vector<int> parts = split.outputs;
    made_.push_back(std::move(split));
    return parts;
  }

  // Rows [row, row + rows) of direction d of input i [directions, gates * hidden, depth], turned to [depth, rows].
  int turned(std::size_t i, std::int64_t d, std::int64_t row, std::int64_t rows) {
    const Array& from = *value(node_.inputs[i]).constant;
    const std::int64_t height = from.spec.shape[1], depth = from.spec.shape[2];
    auto array = std::make_shared<Array>(ArraySpec{Element::f32, {depth, rows}});
    for (std::int64_t k = 0; k < depth; ++k)
      for (std::int64_t r = 0; r < rows; ++r)
        write_real(array->view(), k * rows + r, read_real(from.view(), (d * height + row + r) * depth + k));
    return constant(std::move(array));
  }

  // Biases of W and R as far as they may be added before the steps, and what remains with R (GRU's h).
  double bias(std::int64_t d, std::int64_t i) const {
    return given(3) ? read_real(value(node_.inputs[3]).constant->view(), d * 2 * gates_ * hidden_ + i) : 0;
  }
  int early_bias(std::int64_t d) {
    const std::int64_t rows = gates_ * hidden_;
    auto array = std::make_shared<Array>(ArraySpec{Element::f32, {rows}});
    for (std::int64_t i = 0; i < rows; ++i) {
      const bool late = !lstm_ && before_reset() && i >= 2 * hidden_;
      write_real(array->view(), i, bias(d, i) + (late ? 0 : bias(d, rows + i)));
    }
    return constant(std::move(array));
  }
  int late_bias(std::int64_t d) {
    auto array = std::make_shared<Array>(ArraySpec{Element::f32, {hidden_}});
    for (std::int64_t i = 0; i < hidden_; ++i) write_real(array->view(), i, bias(d, gates_ * hidden_ + 2 * hidden_ + i));
    return constant(std::move(array));
  }

  // Direction d of an initial state [directions, batch, hidden]; zeros where none is given.
  int initial(std::size_t i, std::int64_t d) {
    if (!given(i)) return constant(std::make_shared<const Array>(ArraySpec{Element::f32, {batch_, hidden_}}));
    return reshape(parts_of(node_.inputs[i], 0, directions_)[static_cast<std::size_t>(d)], {batch_, hidden_});
  }

  void direction(std::int64_t d, std::vector<int>& sequences, std::vector<int>& hiddens, std::vector<int>& cells) {
    const std::int64_t rows = gates_ * hidden_;
    const int flat = reshape(node_.inputs[0], {steps_ * batch_, input_});
    int wide = node("MatMul", {flat, turned(1, d, 0, rows)}, {steps_ * batch_, rows});
    wide = node("Add", {wide, early_bias(d)});
    const std::vector<int> inputs = parts_of(wide, 0, steps_);
    Weights weights;
    if (lstm_ || before_reset()) weights.all = turned(2, d, 0, rows);
    else weights.reset = turned(2, d, 0, 2 * hidden_), weights.candidate = turned(2, d, 2 * hidden_, hidden_);
    if (!lstm_ && before_reset()) weights.bias = late_bias(d);
    int h = initial(5, d), c = lstm_ ? initial(6, d) : -1;
    std::vector<int> states(static_cast<std::size_t>(steps_), -1);
    const bool back = node_.node.word("direction", "forward") == "reverse" || d == 1;
    for (std::int64_t step = 0; step < steps_; ++step) {
      const auto t = static_cast<std::size_t>(back ? steps_ - 1 - step : step);
      if (lstm_) lstm(inputs[t], weights, h, c);
      else gru(inputs[t], weights, h);
      states[t] = h;
    }
    if (asked(0)) {
      for (int& state : states) state = reshape(state, {1, 1, batch_, hidden_});
      sequences.push_back(joined(std::move(states), 0));
    }
    if (asked(1)) hiddens.push_back(reshape(h, {1, batch_, hidden_}));
    if (asked(2) && lstm_) cells.push_back(reshape(c, {1, batch_, hidden_}));
  }

  struct Weights {
    int all = -1, reset = -1, candidate = -1, bias = -1;
  };

  // c = f * c + i * tanh(c~), h = o * tanh(c)
  void lstm(int input, const Weights& weights, int& h, int& c) {
    const int gates = node("Add", {node("MatMul", {h, weights.all}, {batch_, 4 * hidden_}), input});
    const std::vector<int> part = parts_of(gates, 1, 4);
    const int kept = node("Mul", {node("Sigmoid", {part[2]}), c});
    c = node("Add", {kept, node("Mul", {node("Sigmoid", {part[0]}), node("Tanh", {part[3]})})});
    h = node("Mul", {node("Sigmoid", {part[1]}), node("Tanh", {c})});
  }

  // h = n + z * (h - n), where n = tanh(x_n + r * (R h + b)) or tanh(x_n + R (r * h))
  void gru(int input, const Weights& weights, int& h) {
    int z = -1, candidate = -1;
    if (before_reset()) {
      const std::vector<int> x = parts_of(input, 1, 3);
      const std::vector<int> part = parts_of(node("MatMul", {h, weights.all}, {batch_, 3 * hidden_}), 1, 3);
      z = node("Sigmoid", {node("Add", {x[0], part[0]})});
      const int r = node("Sigmoid", {node("Add", {x[1], part[1]})});
      candidate = node("Add", {x[2], node("Mul", {r, node("Add", {part[2], weights.bias})})});
    } else {
      const std::vector<int> x = parts_of(input, 1, 3);
      const std::vector<int> part = parts_of(node("MatMul", {h, weights.reset}, {batch_, 2 * hidden_}), 1, 2);
      z = node("Sigmoid", {node("Add", {x[0], part[0]})});
      const int kept = node("Mul", {node("Sigmoid", {node("Add", {x[1], part[1]})}), h});
      candidate = node("Add", {node("MatMul", {kept, weights.candidate}, {batch_, hidden_}), x[2]});
    }
    const int n = node("Tanh", {candidate});
    h = node("Add", {n, node("Mul", {z, node("Sub", {h, n})})});
  }

  // The node's own output from one value per direction.
  void finish(std::size_t output, std::vector<int> parts, std::int64_t axis) {
    if (!asked(output)) return;
    const int whole = joined(std::move(parts), axis);
    const int to = node_.outputs[output];
    FlatNode last;
    last.node.op = "Identity";
    last.node.name = node_.node.name;
    last.node.outputs = {value(to).name};
    last.inputs = {whole};
    last.outputs = {to};
    made_.push_back(std::move(last));
  }

  FlatGraph& graph_;
  const FlatNode& node_;
  bool lstm_;
  std::int64_t gates_, steps_ = 0, batch_ = 0, input_ = 0, hidden_ = 0, directions_ = 0;
  std::vector<FlatNode> made_;
};

}  // namespace

void expand_recurrent(FlatGraph& graph) {
  std::vector<FlatNode> nodes;
  for (FlatNode& node : graph.nodes) {
    std::vector<FlatNode> expanded;
    if (node.node.op == "LSTM" || node.node.op == "GRU") expanded = Expansion(graph, node).run();
    if (expanded.empty()) nodes.push_back(std::move(node));
    else std::move(expanded.begin(), expanded.end(), std::back_inserter(nodes));
  }
  graph.nodes = std::move(nodes);
  graph.prune();
}

}  // namespace perftune
