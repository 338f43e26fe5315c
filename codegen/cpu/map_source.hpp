// The source text of a map on the CPU, around codegen/cpu/device/map.hpp. Pure.
#pragma once

#include "codegen/kernel.hpp"
#include "codegen/map.hpp"
#include "codegen/map_tiles.hpp"

namespace perftune {

// `form` is op's canonical map; the pair is legal (map_rules.hpp).
Kernel cpu_map_source(const Operator& op, const MapForm& form, const CpuMapTiles& tiles);

}  // namespace perftune
