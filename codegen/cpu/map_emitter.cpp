#include "codegen/cpu/map_emitter.hpp"

#include "codegen/cpu/map_source.hpp"
#include "codegen/shrink_map.hpp"

namespace perftune {

Kernel CpuMapEmitter::emit(const Operator& op, const TileProgram& program, const Hardware&) const {
  return cpu_map_source(op, require_map(op), CpuMapTiles::from(program));
}

Operator CpuMapEmitter::shrink(const Operator& op, const TileProgram& program) const {
  const CpuMapTiles tiles = CpuMapTiles::from(program);
  const std::string full = cpu_map_source(op, require_map(op), tiles).source;
  MapReach reach{2000, {}};
  return shrink_map(op, reach, [&](const Operator& small, const MapForm& form) {
    return form.digits == tiles.digits && cpu_map_source(small, form, tiles).source == full;
  });
}

}  // namespace perftune
