// Evaluates formulas over dimensions: extents, derived dimensions, constants in subscripts.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "recipes/syntax.hpp"

namespace perftune {

// The value of a word, or nullopt when it names nothing.
using NameValue = std::function<std::optional<std::int64_t>(const Syntax& word)>;

// + - * / % min max over integers, and comparisons (1 or 0); / and % are floored. Throws
// SyntaxError for unknown names, division by zero or by a negative number, overflow, and whatever
// is not an integer formula.
std::int64_t evaluate_formula(const Syntax& formula, const NameValue& value_of);

}  // namespace perftune
