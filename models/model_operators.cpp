#include "models/model_operators.hpp"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "models/onnx_file.hpp"
#include "recipes/error.hpp"

namespace perftune {

ModelExtents parse_extents(const std::vector<std::string>& arguments) {
  ModelExtents extents;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.rfind('=');
    const auto wrong = [&] {
      return Error(ErrorKind::usage, "--dim '" + argument + "': NAME=N, or INPUT=N,N,... with an extent per dimension, is expected");
    };
    if (equals == std::string::npos || equals == 0) throw wrong();
    const std::string key = argument.substr(0, equals);
    Shape numbers;
    const char* at = argument.data() + equals + 1;
    const char* const end = argument.data() + argument.size();
    while (at <= end) {
      std::int64_t number = 0;
      const auto [next, error] = std::from_chars(at, end, number);
      if (error != std::errc() || number < 0 || number > (std::int64_t{1} << 40) || (next != end && *next != ',')) throw wrong();
      numbers.push_back(number);
      at = next + 1;
    }
    const bool shape = numbers.size() > 1;
    if (shape ? !extents.shapes.emplace(key, numbers).second : !extents.dims.emplace(key, numbers[0]).second)
      throw Error(ErrorKind::usage, "--dim: '" + key + "' is given twice");
  }
  return extents;
}

LoweredGraph load_model(const std::string& path, const ModelExtents& extents, const CombinePays& combine) {
  FlatGraph graph = specialise(read_onnx(path), extents);
  fold_into_windows(graph);
  expand_recurrent(graph);
  prepare_indices(graph);
  if (combine) combine_dense(graph, combine);
  return lower(std::move(graph));
}

std::vector<OperatorPoint> model_operators(const LoweredGraph& lowered) {
  std::vector<OperatorPoint> points;
  std::map<std::string, std::size_t> seen;
  for (const auto& step : lowered.steps) {
    if (!step.kernel) continue;
    const auto [it, fresh] = seen.try_emplace(step.kernel->op.signature(), points.size());
    if (fresh) points.push_back({step.kernel->op, 1, lowered.graph.name});
    else points[it->second].weight += 1;
  }
  return points;
}

ModelReport report_of(const LoweredGraph& lowered) {
  ModelReport report;
  report.nodes = lowered.graph.nodes.size();
  std::set<std::string> signatures;
  for (const auto& step : lowered.steps) {
    if (step.kernel) {
      ++report.kernels;
      signatures.insert(step.kernel->op.signature());
    } else {
      ++report.reference[lowered.graph.nodes[static_cast<std::size_t>(step.node)].node.op];
    }
  }
  report.distinct = signatures.size();
  return report;
}

std::string text(const ModelReport& report, const std::string& model) {
  std::string line = fmt::format("{}: {} nodes in {} kernels, {} of them distinct", model, report.nodes, report.kernels, report.distinct);
  int count = 0;
  std::string list;
  for (const auto& [op, times] : report.reference) {
    count += times;
    list += fmt::format("{}{}{}", list.empty() ? "" : ", ", op, times > 1 ? fmt::format(" x{}", times) : "");
  }
  return count == 0 ? line : fmt::format("{}; {} on the reference path: {}", line, count, list);
}

}  // namespace perftune
