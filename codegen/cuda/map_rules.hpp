// Which maps `cuda/simt` programs compute, and their launches. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codegen/launch_rules.hpp"
#include "codegen/map.hpp"
#include "codegen/map_tiles.hpp"

namespace perftune {

class CudaMapRules final : public LaunchRules {
 public:
  std::string_view family() const override { return "map"; }
  std::string_view target() const override { return "cuda/simt"; }
  Reading read(const Operator& op) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
};

// Vectors that the extents or some access cannot have.
std::optional<std::string> bad_map_vectors(const MapForm& form, const GpuMapTiles& tiles);

// Bytes of the tiles that a crossing program stages, and of one.
int map_shared_bytes(const MapForm& form, const GpuMapTiles& tiles);
int crossed_tile_bytes(const MapAccess& access, int tile);

// Blocks of the launch.
std::int64_t map_blocks(const MapForm& form, const GpuMapTiles& tiles);

}  // namespace perftune
