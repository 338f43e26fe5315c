// A small problem that exercises the same kernel text as a large one: for the emulator and tests.
#pragma once

#include <functional>

#include "codegen/contraction.hpp"
#include "codegen/contraction_tiles.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// `op` with every dimension as small as it can be while the groups still cover two ragged tiles
// in m and n, two batches, and 2 x stages + 1 steps of k per split (or all that `op` has).
// `same_text`: whether a form is legal for the tile program and prints the source of `op`.
Operator shrink_contraction(const Operator& op, const ContractionTiles& tiles,
                            const std::function<bool(const Contraction&)>& same_text);

}  // namespace perftune
