// Horizontal combination (TVM's CombineParallelDense): dense layers over one input, such as the query,
// key and value of attention, become one product with their weights side by side. Its parts are views.
#include <algorithm>
#include <cstring>
#include <map>

#include "models/rewrite.hpp"

namespace perftune {
namespace {

// MatMul(x, weight [k, n]) and, where it is all that reads the product, Add(., bias [n]).
struct Dense {
  std::size_t product = 0;
  int add = -1;          // node; -1: no bias
  int weight = -1, bias = -1, output = -1;  // values
};

class Combiner {
 public:
  Combiner(FlatGraph& graph, const CombinePays& pays) : graph_(graph), pays_(pays) {}

  void run() {
    readers_.resize(graph_.values.size());
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n)
      for (const int input : graph_.nodes[n].inputs)
        if (input >= 0) readers_[static_cast<std::size_t>(input)].push_back(static_cast<int>(n));
    std::map<int, std::vector<Dense>> by_input;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n)
      if (const auto dense = dense_of(n)) by_input[graph_.nodes[n].inputs[0]].push_back(*dense);
    std::map<std::size_t, std::vector<FlatNode>> before;  // new nodes, by the node they stand in front of
    for (const auto& [input, layers] : by_input)
      if (layers.size() > 1 && pays_(shape(input), widths(layers))) before[layers.front().product] = combined(input, layers);
    if (before.empty()) return;
    std::vector<FlatNode> nodes;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (const auto it = before.find(n); it != before.end())
        for (FlatNode& node : it->second) nodes.push_back(std::move(node));
      nodes.push_back(std::move(graph_.nodes[n]));
    }
    graph_.nodes = std::move(nodes);
    graph_.prune();
  }

 private:
  const Value& value(int v) const { return graph_.values[static_cast<std::size_t>(v)]; }
  const Shape& shape(int v) const { return value(v).spec->shape; }
  bool is_output(int v) const { return std::find(graph_.outputs.begin(), graph_.outputs.end(), v) != graph_.outputs.end(); }

  std::optional<Dense> dense_of(std::size_t n) const {
    const FlatNode& node = graph_.nodes[n];
    if (node.node.op != "MatMul" || !value(node.inputs[0]).spec || value(node.inputs[0]).constant || shape(node.inputs[0]).size() < 2) return std::nullopt;
    Dense dense{n, -1, node.inputs[1], -1, node.outputs[0]};
    const Value& weight = value(dense.weight);
    if (!weight.constant || weight.spec->type != Element::f32 || weight.spec->shape.size() != 2) return std::nullopt;
    const auto& readers = readers_[static_cast<std::size_t>(dense.output)];
    if (readers.size() == 1 && !is_output(dense.output) && graph_.nodes[static_cast<std::size_t>(readers[0])].node.op == "Add") {
      const FlatNode& add = graph_.nodes[static_cast<std::size_t>(readers[0])];
      const int other = add.inputs[add.inputs[0] == dense.output ? 1 : 0];
      if (value(other).constant && shape(other) == Shape{weight.spec->shape[1]}) {
        dense.add = readers[0];
        dense.bias = other;
        dense.output = add.outputs[0];
      }
    }
    // Anything that would have joined the product's kernel is worth more than a wider product.
    for (const int reader : readers_[static_cast<std::size_t>(dense.output)]) {
      const std::string& op = graph_.nodes[static_cast<std::size_t>(reader)].node.op;
      if (op != "Reshape" && op != "Transpose" && op != "MatMul" && op != "Unsqueeze" && op != "Squeeze") return std::nullopt;
    }
    return dense;
  }

  std::vector<std::int64_t> widths(const std::vector<Dense>& layers) const {
    std::vector<std::int64_t> all;
    for (const Dense& dense : layers) all.push_back(shape(dense.weight)[1]);
    return all;
  }

  std::vector<FlatNode> combined(int input, const std::vector<Dense>& layers) {
    const auto each = widths(layers);
    std::int64_t width = 0, first = 0;
    for (const std::int64_t one : each) width += one;
    const std::int64_t depth = shape(layers[0].weight)[0];
    auto weight = std::make_shared<Array>(ArraySpec{Element::f32, {depth, width}});
    auto bias = std::make_shared<Array>(ArraySpec{Element::f32, {width}});
    bool biased = false;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const auto bytes = static_cast<std::size_t>(each[i]) * 4;
      for (std::int64_t k = 0; k < depth; ++k)
        std::memcpy(weight->data.data() + (k * width + first) * 4, value(layers[i].weight).constant->data.data() + static_cast<std::size_t>(k) * bytes, bytes);
      if (layers[i].bias >= 0) std::memcpy(bias->data.data() + first * 4, value(layers[i].bias).constant->data.data(), bytes);
      biased = biased || layers[i].bias >= 0;
      first += each[i];
    }
    const std::string name = graph_.nodes[layers[0].product].node.name;
    ArraySpec wide = *value(layers[0].output).spec;
    wide.shape.back() = width;
    std::vector<FlatNode> nodes;
    int last = input;
    const auto apply = [&](const char* op, std::shared_ptr<const Array> array) {
      FlatNode node;
      node.node.op = op;
      node.node.name = name;
      node.inputs = {last, graph_.add({name + " weights", array->spec, array})};
      node.outputs = {graph_.add({name + " combined", wide, {}})};
      last = node.outputs[0];
      nodes.push_back(std::move(node));
    };
    apply("MatMul", weight);
    if (biased) apply("Add", bias);
    FlatNode split;
    split.node.op = "Split";
    split.node.name = name;
    split.node.attributes["axis"] = {std::int64_t{-1}};
    split.inputs = {last, graph_.add({name + " widths", ArraySpec{Element::i64, {static_cast<std::int64_t>(each.size())}},
                                      std::make_shared<const Array>(make_integers(each))})};
    for (const Dense& dense : layers) {
      split.outputs.push_back(dense.output);
      split.node.outputs.push_back(value(dense.output).name);
      FlatNode& writer = graph_.nodes[dense.add >= 0 ? static_cast<std::size_t>(dense.add) : dense.product];
      writer.outputs.assign(1, -1);  // dropped as unused
    }
    nodes.push_back(std::move(split));
    return nodes;
  }

  FlatGraph& graph_;
  const CombinePays& pays_;
  std::vector<std::vector<int>> readers_;  // by value: nodes
};

}  // namespace

void combine_dense(FlatGraph& graph, const CombinePays& pays) { Combiner(graph, pays).run(); }

}  // namespace perftune
