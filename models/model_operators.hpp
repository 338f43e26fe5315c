// From an ONNX file to what is tuned: read, specialise, rewrite, lower; and the distinct operators
// with how often the model runs each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/lower/lowered_graph.hpp"
#include "models/rewrite.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {

// `--dim` arguments: NAME=N for a dimension or a scalar integer input, INPUT=N,N,... for a shape.
// Throws Error{usage}.
ModelExtents parse_extents(const std::vector<std::string>& arguments);

// `combine` decides about dense layers that share an input; empty: none are combined.
LoweredGraph load_model(const std::string& path, const ModelExtents& extents, const CombinePays& combine);

// Each distinct operator once, weighted, in the order of the model; `suite` is the model's name.
std::vector<OperatorPoint> model_operators(const LoweredGraph& lowered);

struct ModelReport {
  std::size_t nodes = 0;      // after folding
  std::size_t kernels = 0;    // that run, copies included
  std::size_t distinct = 0;
  std::map<std::string, int> reference;  // nodes left to the reference, by operator
};
ModelReport report_of(const LoweredGraph& lowered);
std::string text(const ModelReport& report, const std::string& model);  // one line

}  // namespace perftune
