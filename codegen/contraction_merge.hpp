// A sum followed by elementwise statements as one statement: what gives a contraction an epilogue
// that uses its sum several times (gelu written with erf, swish) without computing it several times.
// Pure.
#pragma once

#include <optional>

#include "recipes/operator.hpp"

namespace perftune {

// The first statement reduces, the others are elementwise over the same points and read what those
// before them assigned at the point itself; only the last is an output. The result is over the first
// one's axes, and its reduction is one shared expression. nullopt: the operator is no such chain.
std::optional<Statement> merged_contraction(const Operator& op);

}  // namespace perftune
