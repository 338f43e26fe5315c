// The operator Slice with its starts, ends, axes and steps made plain: one range per dimension.
#pragma once

#include <optional>
#include <vector>

#include "models/reference.hpp"

namespace perftune {

struct SliceRange {
  std::int64_t first = 0, step = 1, count = 0;
};

// One per dimension of input 0; nullopt while its bounds are not known.
std::optional<std::vector<SliceRange>> slice_ranges(const OpCall& call);

// Pad's amounts before and after each dimension, and its mode.
struct Padding {
  std::vector<std::int64_t> before, after;
  std::string mode;
};
std::optional<Padding> padding_of(const OpCall& call);

}  // namespace perftune
