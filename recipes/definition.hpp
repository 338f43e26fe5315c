// An operator as text that parse_operator_text reads back: what the store keeps and what a worker
// process is handed. Independent of the file that it came from, of the library and of its parameters,
// with its dimensions as numbers; plain enough for readers without YAML (plain_text.hpp).
#pragma once

#include <string>

#include "recipes/operator.hpp"
#include "recipes/strict_yaml.hpp"

namespace perftune {

// An operator's map without parameters as YAML, without `name`, `dims`, `weight` and `part` (kept in
// OperatorSource::definition). `constants` are integer parameters that its formulas use: they
// become derived dimensions.
std::string definition_body(const YamlNode& operator_map, const Dims& constants);

// Complete: `parse_operator_text(definition(op), "").front().op` equals `op`.
std::string definition(const Operator& op);

}  // namespace perftune
