// The hardware catalogue: files compiled into the executable, found by name or alias.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "recipes/hardware.hpp"

namespace perftune {

class YamlNode;

// Every GPU of the catalogue, sorted by name.
const std::vector<Hardware>& hardware_catalogue();

// By name or alias, case-insensitive. Throws Error{usage} listing near names.
const Hardware& find_hardware(std::string_view name_or_alias);

// Reads one hardware file's text; `file` is shown in messages. Throws Error{usage}.
Hardware parse_hardware(const std::string& text, const std::string& file);

// The same from a tree that some reader made (plain_text.hpp reads what format_hardware writes).
Hardware read_hardware(const YamlNode& root);

// The inverse: YAML text that parse_hardware reads back to an equal value.
std::string format_hardware(const Hardware& hardware);

}  // namespace perftune
