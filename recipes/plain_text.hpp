// Reads the YAML that perftune itself writes (definition(), format_hardware()), and no more of YAML:
// block maps of `key: value` lines, nested by indentation; values are plain or double-quoted scalars,
// or flow lists and maps on one line. The library that ships in other people's programs reads stores
// with it, so that it carries no YAML library.
//
// What is accepted means the same to parse_yaml. Failures are Error{usage} with "file:line:column";
// limits as in strict_yaml.hpp. Any thread.
#pragma once

#include <string>

#include "recipes/strict_yaml.hpp"

namespace perftune {

YamlNode parse_plain(std::string text, std::string file);

}  // namespace perftune
