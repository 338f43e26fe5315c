#include "models/rewrite.hpp"

#include <algorithm>
#include <cmath>

namespace perftune {
namespace {

const Array* constant(const FlatGraph& graph, int value) {
  return value < 0 ? nullptr : graph.values[static_cast<std::size_t>(value)].constant.get();
}

int add_constant(FlatGraph& graph, const std::string& name, std::shared_ptr<const Array> array) {
  return graph.add({name, array->spec, std::move(array)});
}

bool floating(const Array* array) { return array != nullptr && is_floating(array->spec.type); }

// Conv then BatchNormalization: w' = w * s, b' = (b - mean) * s + beta, s = gamma / sqrt(variance + eps).
void fold_into(FlatGraph& graph, FlatNode& conv, const FlatNode& norm) {
  const Array& weight = *constant(graph, conv.inputs[1]);
  const std::int64_t filters = weight.spec.shape[0], each = weight.spec.elements() / filters;
  auto folded = std::make_shared<Array>(weight.spec);
  auto bias = std::make_shared<Array>(ArraySpec{weight.spec.type, {filters}});
  const auto parameter = [&](std::size_t i, std::int64_t f) { return read_real(constant(graph, norm.inputs[i])->view(), f); };
  const Array* old = conv.inputs.size() > 2 ? constant(graph, conv.inputs[2]) : nullptr;
  for (std::int64_t f = 0; f < filters; ++f) {
    const double scale = parameter(1, f) / std::sqrt(parameter(4, f) + norm.node.real("epsilon", 1e-5));
    for (std::int64_t i = f * each; i < (f + 1) * each; ++i) write_real(folded->view(), i, read_real(weight.view(), i) * scale);
    write_real(bias->view(), f, ((old != nullptr ? read_real(old->view(), f) : 0) - parameter(3, f)) * scale + parameter(2, f));
  }
  const std::string name = graph.values[static_cast<std::size_t>(conv.inputs[1])].name;
  conv.inputs.resize(3, -1);
  conv.node.inputs.resize(3);
  conv.inputs[1] = add_constant(graph, name, std::move(folded));
  conv.inputs[2] = add_constant(graph, name + ".bias", std::move(bias));
}

}  // namespace

void fold_batch_norm(FlatGraph& graph) {
  const std::vector<int> uses = graph.uses();
  std::vector<int> writer(graph.values.size(), -1);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const int output : graph.nodes[n].outputs)
      if (output >= 0) writer[static_cast<std::size_t>(output)] = static_cast<int>(n);
    FlatNode& norm = graph.nodes[n];
    if (norm.node.op != "BatchNormalization" || norm.node.integer("training_mode", 0) != 0 || norm.inputs.size() < 5) continue;
    const int from = norm.inputs[0] < 0 ? -1 : writer[static_cast<std::size_t>(norm.inputs[0])];
    if (from < 0 || graph.nodes[static_cast<std::size_t>(from)].node.op != "Conv" || uses[static_cast<std::size_t>(norm.inputs[0])] != 1) continue;
    FlatNode& conv = graph.nodes[static_cast<std::size_t>(from)];
    bool known = floating(constant(graph, conv.inputs[1])) && (conv.inputs.size() < 3 || conv.inputs[2] < 0 || constant(graph, conv.inputs[2]));
    for (std::size_t i = 1; i < 5; ++i) known = known && floating(constant(graph, norm.inputs[i]));
    if (!known) continue;
    fold_into(graph, conv, norm);
    // The convolution writes what the normalisation wrote; that one is dropped as unused.
    conv.outputs[0] = norm.outputs[0];
    writer[static_cast<std::size_t>(norm.outputs[0])] = from;
    norm.outputs.assign(norm.outputs.size(), -1);
  }
  graph.prune();
}

void prepare_indices(FlatGraph& graph) {
  std::vector<FlatNode> nodes;
  for (FlatNode& node : graph.nodes) {
    const bool gather = node.node.op == "Gather" && node.inputs.size() == 2 && node.inputs[0] >= 0 && node.inputs[1] >= 0;
    if (gather) {
      const Value table = graph.values[static_cast<std::size_t>(node.inputs[0])], index = graph.values[static_cast<std::size_t>(node.inputs[1])];
      if (table.spec && index.spec && is_floating(table.spec->type) && index.spec->type == Element::i64 && !index.constant) {
        const auto rank = static_cast<std::int64_t>(table.spec->shape.size());
        std::int64_t axis = node.node.integer("axis", 0);
        if (axis < 0) axis += rank;
        FlatNode convert;
        convert.node.op = "perftune.Index";
        convert.node.name = node.node.name;
        convert.node.attributes["extent"] = {table.spec->shape[static_cast<std::size_t>(axis)]};
        convert.node.inputs = {index.name};
        convert.node.outputs = {index.name};
        convert.inputs = {node.inputs[1]};
        convert.outputs = {graph.add({index.name, ArraySpec{Element::i32, index.spec->shape}, {}})};
        node.inputs[1] = convert.outputs[0];
        nodes.push_back(std::move(convert));
      }
    }
    nodes.push_back(std::move(node));
  }
  graph.nodes = std::move(nodes);
}

}  // namespace perftune
