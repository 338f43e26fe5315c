// Runs nodes and whole models on the reference implementations: what a model means, slowly. Also
// where control flow (If, Loop) and shapes that depend on data live.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/flat_graph.hpp"

namespace perftune {

bool is_control_flow(const std::string& op);  // If, Loop

using Arrays = std::vector<std::shared_ptr<const Array>>;

// The node's outputs. `captured`: arrays that its graphs read by name; `inputs` null where absent.
Arrays interpret_node(const Node& node, int opset, const Arrays& inputs,
                      const std::map<std::string, std::shared_ptr<const Array>>& captured);

// The graph's outputs from arrays for its inputs, in order.
Arrays interpret(const FlatGraph& graph, const Arrays& inputs);

}  // namespace perftune
