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

// Where a window product's filters stand in its weights: Conv [f, c, ...], ConvTranspose [c, f, ...] of one group.
std::optional<std::size_t> filter_axis(const FlatGraph& graph, const FlatNode& node) {
  const Array* weight = node.inputs.size() > 1 ? constant(graph, node.inputs[1]) : nullptr;
  const bool known = floating(weight) && weight->spec.shape.size() > 2 &&
                     (node.inputs.size() < 3 || node.inputs[2] < 0 || floating(constant(graph, node.inputs[2])));
  if (!known) return std::nullopt;
  if (node.node.op == "Conv") return 0;
  if (node.node.op == "ConvTranspose" && node.node.integer("group", 1) == 1) return 1;
  return std::nullopt;
}

// A constant that adds one number per filter to an output [n, f, ...] of `rank` dimensions.
bool per_filter(const Array& array, std::int64_t filters, std::size_t rank) {
  const Shape& shape = array.spec.shape;
  if (!is_floating(array.spec.type) || array.spec.elements() != filters || shape.size() > rank || shape.size() + 1 < rank) return false;
  return shape[shape.size() + 1 - rank] == filters;
}

void set_bias(FlatGraph& graph, FlatNode& node, std::shared_ptr<const Array> bias) {
  node.inputs.resize(3, -1);
  node.node.inputs.resize(3);
  node.inputs[2] = add_constant(graph, graph.values[static_cast<std::size_t>(node.inputs[1])].name + ".bias", std::move(bias));
}

// Conv then Add of a constant: its bias.
bool fold_bias(FlatGraph& graph, FlatNode& conv, const FlatNode& add) {
  const auto axis = filter_axis(graph, conv);
  const int other = add.inputs[add.inputs[0] == conv.outputs[0] ? 1 : 0];
  const Array* added = constant(graph, other);
  if (!axis || added == nullptr) return false;
  const Array& weight = *constant(graph, conv.inputs[1]);
  const std::int64_t filters = weight.spec.shape[*axis];
  if (!per_filter(*added, filters, weight.spec.shape.size())) return false;
  auto bias = std::make_shared<Array>(ArraySpec{weight.spec.type, {filters}});
  const Array* old = conv.inputs.size() > 2 ? constant(graph, conv.inputs[2]) : nullptr;
  for (std::int64_t f = 0; f < filters; ++f)
    write_real(bias->view(), f, read_real(added->view(), f) + (old != nullptr ? read_real(old->view(), f) : 0));
  set_bias(graph, conv, std::move(bias));
  return true;
}

// Conv then BatchNormalization: w' = w * s, b' = (b - mean) * s + beta, s = gamma / sqrt(variance + eps).
void fold_into(FlatGraph& graph, FlatNode& conv, const FlatNode& norm) {
  const Array& weight = *constant(graph, conv.inputs[1]);
  const std::size_t axis = *filter_axis(graph, conv);
  const std::int64_t filters = weight.spec.shape[axis], inner = row_major_strides(weight.spec.shape)[axis];
  auto folded = std::make_shared<Array>(weight.spec);
  auto bias = std::make_shared<Array>(ArraySpec{weight.spec.type, {filters}});
  const auto parameter = [&](std::size_t i, std::int64_t f) { return read_real(constant(graph, norm.inputs[i])->view(), f); };
  const Array* old = conv.inputs.size() > 2 ? constant(graph, conv.inputs[2]) : nullptr;
  for (std::int64_t f = 0; f < filters; ++f) {
    const double scale = parameter(1, f) / std::sqrt(parameter(4, f) + norm.node.real("epsilon", 1e-5));
    for (std::int64_t i = 0; i < weight.spec.elements(); ++i)
      if (i / inner % filters == f) write_real(folded->view(), i, read_real(weight.view(), i) * scale);
    write_real(bias->view(), f, ((old != nullptr ? read_real(old->view(), f) : 0) - parameter(3, f)) * scale + parameter(2, f));
  }
  const std::string name = graph.values[static_cast<std::size_t>(conv.inputs[1])].name;
  conv.inputs[1] = add_constant(graph, name, std::move(folded));
  set_bias(graph, conv, std::move(bias));
}

}  // namespace

void fold_into_windows(FlatGraph& graph) {
  const std::vector<int> uses = graph.uses();
  std::vector<int> writer(graph.values.size(), -1);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const int output : graph.nodes[n].outputs)
      if (output >= 0) writer[static_cast<std::size_t>(output)] = static_cast<int>(n);
    FlatNode& node = graph.nodes[n];
    // What only this node reads of a window product, and which of its inputs that is.
    const auto product_before = [&](int input) -> FlatNode* {
      const int from = input < 0 ? -1 : writer[static_cast<std::size_t>(input)];
      return from < 0 || uses[static_cast<std::size_t>(input)] != 1 ? nullptr : &graph.nodes[static_cast<std::size_t>(from)];
    };
    FlatNode* conv = nullptr;
    if (node.node.op == "Add") {
      for (const int input : node.inputs)
        if (FlatNode* from = product_before(input); conv == nullptr && from != nullptr && fold_bias(graph, *from, node)) conv = from;
    } else if (node.node.op == "BatchNormalization" && node.node.integer("training_mode", 0) == 0 && node.inputs.size() >= 5) {
      conv = product_before(node.inputs[0]);
      bool known = conv != nullptr && filter_axis(graph, *conv).has_value();
      for (std::size_t i = 1; i < 5; ++i) known = known && floating(constant(graph, node.inputs[i]));
      if (known) fold_into(graph, *conv, node);
      else conv = nullptr;
    }
    if (conv == nullptr) continue;
    // The convolution writes what this node wrote, which is dropped as unused.
    conv->outputs[0] = node.outputs[0];
    writer[static_cast<std::size_t>(node.outputs[0])] = static_cast<int>(conv - graph.nodes.data());
    node.outputs.assign(node.outputs.size(), -1);
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
