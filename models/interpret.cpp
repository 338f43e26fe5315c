#include "models/interpret.hpp"

#include <cstring>

#include "recipes/error.hpp"

namespace perftune {
namespace {

using Named = std::map<std::string, std::shared_ptr<const Array>>;
constexpr std::int64_t kMostIterations = std::int64_t{1} << 24;

Arrays run_graph(const Graph& graph, int opset, Named names) {
  for (const auto& [name, array] : graph.constants) names[name] = array;
  for (const Node& node : graph.nodes) {
    Arrays inputs;
    for (const auto& name : node.inputs) inputs.push_back(name.empty() ? nullptr : names.at(name));
    const Arrays made = interpret_node(node, opset, inputs, node.has_graphs() ? names : Named{});
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      if (!node.outputs[i].empty()) names[node.outputs[i]] = made.at(i);
  }
  Arrays outputs;
  for (const auto& name : graph.outputs) outputs.push_back(names.at(name));
  return outputs;
}

std::shared_ptr<const Array> scalar(Element type, std::int64_t value) {
  auto array = std::make_shared<Array>(ArraySpec{type, {}});
  write_integer(array->view(), 0, value);
  return array;
}

// What a Loop collects of one output over its iterations: a new first dimension.
std::shared_ptr<const Array> stacked(const Arrays& parts) {
  if (parts.empty()) return std::make_shared<Array>(ArraySpec{Element::f32, {0}});
  Shape shape = parts[0]->spec.shape;
  shape.insert(shape.begin(), static_cast<std::int64_t>(parts.size()));
  auto all = std::make_shared<Array>(ArraySpec{parts[0]->spec.type, shape});
  std::size_t at = 0;
  for (const auto& part : parts) {
    if (part->spec != parts[0]->spec) throw Error(ErrorKind::usage, "Loop: an output changes its shape between iterations");
    if (!part->data.empty()) std::memcpy(all->data.data() + at, part->data.data(), part->data.size());
    at += part->data.size();
  }
  return all;
}

Arrays run_loop(const Node& node, int opset, const Arrays& inputs, const Named& captured) {
  const auto body = node.graph("body");
  if (!body || inputs.size() < 2 || body->inputs.size() != inputs.size() || body->outputs.size() + 1 < inputs.size())
    throw Error(ErrorKind::usage, node.label() + ": its body does not fit its inputs");
  const std::int64_t trips = inputs[0] ? read_integer(inputs[0]->view(), 0) : kMostIterations;
  bool goes_on = !inputs[1] || read_integer(inputs[1]->view(), 0) != 0;
  Arrays carried(inputs.begin() + 2, inputs.end());
  std::vector<Arrays> collected(body->outputs.size() - 1 - carried.size());
  for (std::int64_t i = 0; i < trips && goes_on; ++i) {
    if (i >= kMostIterations) throw Error(ErrorKind::usage, node.label() + ": it does not end");
    Named names = captured;
    names[body->inputs[0].name] = scalar(Element::i64, i);
    names[body->inputs[1].name] = scalar(Element::boolean, 1);
    for (std::size_t c = 0; c < carried.size(); ++c) names[body->inputs[c + 2].name] = carried[c];
    const Arrays made = run_graph(*body, opset, std::move(names));
    goes_on = read_integer(made[0]->view(), 0) != 0;
    for (std::size_t c = 0; c < carried.size(); ++c) carried[c] = made[c + 1];
    for (std::size_t c = 0; c < collected.size(); ++c) collected[c].push_back(made[carried.size() + 1 + c]);
  }
  for (const Arrays& parts : collected) carried.push_back(stacked(parts));
  return carried;
}

}  // namespace

bool is_control_flow(const std::string& op) { return op == "If" || op == "Loop"; }

Arrays interpret_node(const Node& node, int opset, const Arrays& inputs, const Named& captured) {
  if (node.op == "Loop") return run_loop(node, opset, inputs, captured);
  if (node.op == "If") {
    const auto branch = node.graph(read_integer(inputs.at(0)->view(), 0) != 0 ? "then_branch" : "else_branch");
    if (!branch) throw Error(ErrorKind::usage, node.label() + ": a branch is missing");
    return run_graph(*branch, opset, captured);
  }
  OpCall call;
  call.node = &node;
  call.opset = opset;
  for (const auto& input : inputs) {
    call.present.push_back(input != nullptr);
    call.inputs.push_back(input ? input->view() : ArrayView{});
  }
  const auto op = reference_ops().find(node.op);
  if (op == reference_ops().end()) call.fail("no operator of that name is known here");
  const auto specs = op->second.infer(call);
  if (!specs) call.fail("its shape cannot be worked out");
  Arrays outputs;
  std::vector<ArrayView> views;
  for (const ArraySpec& spec : *specs) {
    auto array = std::make_shared<Array>(spec);
    views.push_back(array->view());
    outputs.push_back(std::move(array));
  }
  op->second.compute(call, views);
  return outputs;
}

Arrays interpret(const FlatGraph& graph, const Arrays& inputs) {
  Arrays values(graph.values.size());
  for (std::size_t i = 0; i < graph.values.size(); ++i) values[i] = graph.values[i].constant;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) values[graph.inputs[i]] = inputs.at(i);
  std::vector<int> uses = graph.uses();
  for (const FlatNode& node : graph.nodes) {
    Arrays in;
    Named captured;
    for (const int input : node.inputs) in.push_back(input < 0 ? nullptr : values[input]);
    for (const auto& [name, value] : node.captured) captured[name] = values[value];
    const Arrays made = interpret_node(node.node, graph.opset, in, captured);
    for (std::size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i] >= 0) values[node.outputs[i]] = made.at(i);
    for (const int input : node.inputs)
      if (input >= 0 && --uses[input] == 0) values[input].reset();
  }
  Arrays outputs;
  for (const int output : graph.outputs) outputs.push_back(values[output]);
  return outputs;
}

}  // namespace perftune
