// A region: nodes of a graph that become one operator of the grammar, and so one kernel. It begins
// with a seed (a product, a reduction, an elementwise operator) and takes in what consumes it.
//
// `RegionWriter` writes the operator: an axis for each dimension of the seed, a statement for each node,
// or, around a contraction, one statement. What it cannot say it declines, with the reason.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/flat_graph.hpp"
#include "models/lower/view.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// What a node can be in a region.
enum class NodeKind { none, contraction, window, reduction, row, elementwise, gather };
NodeKind kind_of(const FlatGraph& graph, const FlatNode& node);

struct LoweredOperator {
  Operator op;
  std::vector<int> inputs;  // values whose memory op.inputs() are, in that order
  int output = -1;          // the value that it writes
  std::vector<int> nodes;   // positions in the graph
};

// `views` by value. `nodes` in order; `output` is the one value that is read outside.
// nullopt with `why_not` where the grammar or the families cannot say it.
std::optional<LoweredOperator> lower_region(const FlatGraph& graph, const std::vector<View>& views,
                                            const std::vector<int>& nodes, int output, std::string& why_not);

// A copy of the view `value` into row-major memory, the new value `into`.
std::optional<LoweredOperator> lower_copy(const FlatGraph& graph, const std::vector<View>& views, int value, int into,
                                          std::string& why_not);

}  // namespace perftune
