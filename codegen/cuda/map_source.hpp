// The source text of a map on a GPU, around codegen/cuda/map.cuh, and the values of its arguments at
// the operator's extents: one pass makes both. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "codegen/cuda/operand_printer.hpp"
#include "codegen/map.hpp"
#include "codegen/map_tiles.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

inline constexpr const char* kMapEntry = "map_kernel";

struct CudaMapSource {
  std::string text;
  ArgumentList arguments;
};

// `form` is op's canonical map; the pair is legal (map_emitter.hpp).
CudaMapSource cuda_map_source(const Operator& op, const MapForm& form, const GpuMapTiles& tiles,
                              const Hardware& hardware);

// Bytes of the tiles that a crossing program stages.
int map_shared_bytes(const MapForm& form, const GpuMapTiles& tiles);

// Blocks of the launch.
std::int64_t map_blocks(const MapForm& form, const GpuMapTiles& tiles);

}  // namespace perftune
