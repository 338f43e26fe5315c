// A model at given extents: one list of nodes over numbered values, shapes worked out, constants
// folded, branches with a known condition taken. What kernels are made from and plans run.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/graph.hpp"
#include "models/reference.hpp"

namespace perftune {

struct Value {
  std::string name;
  std::optional<ArraySpec> spec;          // nullopt: known only when the model runs
  std::shared_ptr<const Array> constant;  // null: computed
};

struct FlatNode {
  Node node;
  std::vector<int> inputs;   // positions in values; -1: absent
  std::vector<int> outputs;  // -1: not asked for
  std::map<std::string, int> captured;  // values that its graphs (If, Loop) read
};

struct FlatGraph {
  std::string name;
  int opset = 0;
  std::vector<Value> values;
  std::vector<FlatNode> nodes;
  std::vector<int> inputs, outputs;
  std::vector<std::string> output_names;  // as the file calls them

  OpCall call(const FlatNode& node) const;  // data of constants only
  std::vector<int> uses() const;            // by value: how many inputs and outputs read it
  int add(Value value);
  // Drops nodes that nothing needs.
  void prune();
};

// What the user says of a model's inputs.
struct ModelExtents {
  std::map<std::string, std::int64_t> dims;  // symbolic dimension, or the value of a scalar integer input
  std::map<std::string, Shape> shapes;       // by input
  std::map<std::string, std::shared_ptr<const Array>> values;  // of scalar integer inputs: they pick branches
};

// Throws Error{usage}, one line: an extent that is not given, an operator that is not known, shapes
// that do not fit.
FlatGraph specialise(const Model& model, const ModelExtents& extents);

}  // namespace perftune
