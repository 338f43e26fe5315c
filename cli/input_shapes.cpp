#include "cli/input_shapes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/named_paths.hpp"
#include "executor/npy.hpp"
#include "recipes/error.hpp"
#include "recipes/operator_source.hpp"

namespace perftune {
namespace {

// Dimensions that the points do not agree on, with what they say: "4, 64".
std::map<std::string, std::string> open_dims(const std::vector<OperatorPoint>& points) {
  std::map<std::string, std::string> open;
  for (const auto& [dim, first] : points.front().op.base_dims()) {
    std::set<std::int64_t> extents;
    for (const OperatorPoint& point : points) extents.insert(point.op.base_dims().at(dim));
    if (extents.size() > 1) open[dim] = fmt::format("{}", fmt::join(extents, ", "));
  }
  return open;
}

// Those of `open` that are an extent of `tensor` by themselves, as `shape` has them.
void read_dims(const Operator& op, const Tensor& tensor, const std::vector<std::int64_t>& shape, const std::string& path,
               const std::map<std::string, std::string>& open, Dims& found) {
  const auto& declared = op.source->tensors;
  const auto it = std::ranges::find(declared, tensor.name, &OperatorSource::TensorDeclaration::name);
  if (it == declared.end() || it->extents.size() != shape.size()) return;  // the shape is found wrong later
  for (std::size_t d = 0; d < shape.size(); ++d) {
    const std::string& name = it->extents[d].text;
    if (it->extents[d].kind != Syntax::Kind::word || !open.contains(name)) continue;
    const auto [known, fresh] = found.emplace(name, shape[d]);
    if (!fresh && known->second != shape[d])
      throw Error(ErrorKind::usage, fmt::format("{}: dimension {} makes '{}' {}, another input makes it {}", path, d, name,
                                                shape[d], known->second));
  }
}

}  // namespace

Operator operator_for_inputs(const std::vector<OperatorPoint>& points, const std::vector<std::string>& inputs,
                             const std::string& file) {
  const Operator& first = points.front().op;
  if (points.size() == 1) return first;
  if (std::ranges::any_of(points, [&](const OperatorPoint& p) { return p.op.name != first.name || p.op.structure() != first.structure(); }))
    throw Error(ErrorKind::usage, file + ": `run` takes one operator; this has several");
  const auto open = open_dims(points);
  Dims found;
  for (const auto& [tensor, path] : parse_named_paths(inputs, "--input", first, first.inputs()))
    read_dims(first, first.tensors[tensor], read_npy(path).shape, path, open, found);
  for (const auto& [dim, extents] : open)
    if (!found.contains(dim))
      throw Error(ErrorKind::usage, fmt::format("{}: '{}' has several extents ({}) and no input shows one; give --input NAME=file.npy "
                                                "of a tensor that has it", file, dim, extents));
  Dims dims = first.base_dims();
  for (const auto& [dim, extent] : found) dims[dim] = extent;
  return first.rebind(dims);
}

}  // namespace perftune
