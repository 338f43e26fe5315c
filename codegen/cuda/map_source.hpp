// The source text of a map on a GPU, around codegen/cuda/map.cuh. Pure.
#pragma once

#include <string>

#include "codegen/map.hpp"
#include "codegen/map_tiles.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

inline constexpr const char* kMapEntry = "map_kernel";

// `form` is op's canonical map; the pair is legal (map_rules.hpp).
std::string cuda_map_source(const Operator& op, const MapForm& form, const GpuMapTiles& tiles,
                            const Hardware& hardware);

}  // namespace perftune
