// The source text of a map on the CPU, around codegen/cpu/device/map.hpp, and the values of its
// arguments at the operator's extents: one pass makes both. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "codegen/kernel.hpp"
#include "codegen/map.hpp"
#include "codegen/map_tiles.hpp"

namespace perftune {

struct CpuMapSource {
  Kernel kernel;
  std::vector<std::int64_t> scalars;
};

// `form` is op's canonical map; the pair is legal (map_emitter.hpp).
CpuMapSource cpu_map_source(const Operator& op, const MapForm& form, const CpuMapTiles& tiles);

}  // namespace perftune
