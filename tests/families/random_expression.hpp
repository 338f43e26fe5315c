// Random operators from the whole grammar, as operator text: maps, reductions, programs over rows,
// contractions and chains of several statements, with any shapes, subscripts, layouts and types.
// Deterministic by seed on every platform; a failing test prints the text.
#pragma once

#include <cstdint>
#include <string>

namespace perftune::testing {

std::string random_expression(std::uint64_t seed);

}  // namespace perftune::testing
