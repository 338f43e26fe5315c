#include "models/flat_graph.hpp"

#include <algorithm>

namespace perftune {

OpCall FlatGraph::call(const FlatNode& node) const {
  OpCall result;
  result.node = &node.node;
  result.opset = opset;
  for (const int input : node.inputs) {
    result.present.push_back(input >= 0);
    if (input < 0) {
      result.inputs.emplace_back();
      continue;
    }
    const Value& value = values[static_cast<std::size_t>(input)];
    result.inputs.push_back(value.constant ? value.constant->view() : ArrayView{value.spec.value_or(ArraySpec{}), nullptr});
  }
  return result;
}

std::vector<int> FlatGraph::uses() const {
  std::vector<int> count(values.size(), 0);
  const auto use = [&](int value) {
    if (value >= 0) ++count[static_cast<std::size_t>(value)];
  };
  for (const FlatNode& node : nodes) {
    for (const int input : node.inputs) use(input);
    for (const auto& entry : node.captured) use(entry.second);
  }
  for (const int output : outputs) use(output);
  return count;
}

int FlatGraph::add(Value value) {
  values.push_back(std::move(value));
  return static_cast<int>(values.size()) - 1;
}

void FlatGraph::prune() {
  std::vector<bool> needed(values.size(), false);
  const auto need = [&](int value) {
    if (value >= 0) needed[static_cast<std::size_t>(value)] = true;
  };
  for (const int output : outputs) need(output);
  std::vector<FlatNode> kept;
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    const bool used = std::any_of(node->outputs.begin(), node->outputs.end(),
                                  [&](int output) { return output >= 0 && needed[static_cast<std::size_t>(output)]; });
    if (!used) continue;
    for (const int input : node->inputs) need(input);
    for (const auto& entry : node->captured) need(entry.second);
    kept.push_back(std::move(*node));
  }
  std::reverse(kept.begin(), kept.end());
  nodes = std::move(kept);
}

}  // namespace perftune
