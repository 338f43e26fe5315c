// Reads operator and suite files (YAML). The grammar is in docs/operators.md.
//
// Every mistake is Error{usage} with "file:line:column: what; what would be right".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

using DimRanges = std::map<std::string, std::pair<std::int64_t, std::int64_t>>;

// One operator at one shape point. A file whose dims are lists or ranges with points gives several.
struct OperatorPoint {
  Operator op;
  double weight = 1;  // calls per inference of the suite it came from
  std::string suite{};  // its name; empty: no suite
  DimRanges ranges{};   // dimensions that were given as a range with points: its first and last value
};

// `path` names an operator file or a suite; a bare library name ("matmul") is an error that
// says how to give it dimensions.
std::vector<OperatorPoint> read_operator_file(const std::string& path);

// The same from text; `file` is only shown in messages.
std::vector<OperatorPoint> parse_operator_text(const std::string& text, const std::string& file);

// Names of recipes/library, sorted.
std::vector<std::string> library_operators();

}  // namespace perftune
