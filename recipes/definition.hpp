// An operator as text that parse_operator_text reads back: what the store keeps and what a worker
// process is handed. Independent of the file that it came from, with its dimensions as numbers.
#pragma once

#include <string>

#include "recipes/operator.hpp"
#include "recipes/strict_yaml.hpp"

namespace perftune {

// The operator's own map as YAML, without `name`, `dims`, `weight` and `part` (kept in
// OperatorSource::definition).
std::string definition_body(const YamlNode& operator_map);

// Complete: `parse_operator_text(definition(op), "").front().op` equals `op`.
std::string definition(const Operator& op);

}  // namespace perftune
