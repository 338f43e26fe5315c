// Turns the YAML of one operator into an OperatorSource and the points of its dynamic dimensions.
#pragma once

#include <memory>
#include <vector>

#include "recipes/operator_file.hpp"
#include "recipes/operator_source.hpp"
#include "recipes/strict_yaml.hpp"

namespace perftune {

struct OperatorText {
  std::shared_ptr<const OperatorSource> source;
  std::vector<Dims> points;  // one per combination of dynamic dimensions
};

// The keys of an operator that is written out.
const std::vector<std::string_view>& operator_keys();

// `root` has only known keys. `name` is used when the file gives none.
OperatorSource read_operator_source(const YamlNode& root, const std::string& name);

// `dims:` as points: {m: 1, n: [1, 2], k: {range: [1, 9], points: [1, 9]}} gives four.
std::vector<Dims> read_points(const YamlNode& dims);
// The dimensions of `dims:` that are ranges, after read_points has accepted it.
DimRanges read_ranges(const YamlNode& dims);

}  // namespace perftune
