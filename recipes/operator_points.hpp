// Operators that are written out in full, from a tree that some reader made: the part of
// operator_file.hpp that needs neither YAML nor the library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "recipes/operator_file.hpp"
#include "recipes/operator_source.hpp"

namespace perftune {

using Keys = std::vector<std::string_view>;
Keys joined(Keys keys, const Keys& more);

// One per point of `dims:`; null: an operator without dimensions.
std::vector<OperatorPoint> bind_points(OperatorSource source, const YamlNode* dims);

// `part: [1, 2]` keeps those statements, counted from 0, as an operator of their own.
void read_part(const YamlNode& root, OperatorSource& source);

// An operator that is written out, with or without parameters (a library file). `name` where it has
// none; `more` are further keys that the map may have.
std::vector<OperatorPoint> read_written_operator(const YamlNode& root, const std::string& name,
                                                 const Keys& more);

// What definition() wrote, read without YAML. Error{usage} for anything else.
Operator read_definition(const std::string& text, const std::string& file);

}  // namespace perftune
