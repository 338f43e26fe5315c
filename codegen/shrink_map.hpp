// A small problem that exercises the same text of a map as a large one: for the emulator and tests.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "codegen/map.hpp"

namespace perftune {

// What a shrunk problem must still have (or all that `op` has).
struct MapReach {
  std::int64_t points = 0;
  std::vector<std::pair<std::size_t, std::int64_t>> extents;  // by axis
};

// `op` with every dimension as small as `reach` and `same_text` allow; same_text says whether a form
// is legal for the tile program and prints the source of `op`.
Operator shrink_map(const Operator& op, const MapReach& reach,
                    const std::function<bool(const Operator&, const MapForm&)>& same_text);

}  // namespace perftune
