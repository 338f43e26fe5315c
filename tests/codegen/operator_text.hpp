// Operators for tests, from the grammar of operator files.
#pragma once

#include <string>

#include "recipes/operator_file.hpp"

namespace perftune {

inline Operator operator_of(const std::string& text) {
  return parse_operator_text(text, "test.yaml").at(0).op;
}

}  // namespace perftune
