// Which of a tune's candidates may serve shapes that were not tuned, whatever they are: what the store keeps as
// an operator's default. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "tuner/rank.hpp"
#include "tuner/tune_result.hpp"

namespace perftune {

// The best-ranked candidate that is legal at every shape of the structure, as long as none of `tried` that is so
// succeeded; absent when one did, or when none is left.
std::optional<std::size_t> untried_for_any_shape(const std::vector<Ranked>& ranked,
                                                 const std::vector<TunedCandidate>& tried);

// Of what succeeded, best first: a family's default that is legal at every shape; else the fastest that is; else,
// where every program holds constants of this shape, a default. nullptr: none of these was tried.
const TunedCandidate* for_other_shapes(const std::vector<TunedCandidate>& tried);

}  // namespace perftune
