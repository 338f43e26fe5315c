#include "codegen/cuda/map_emitter.hpp"

#include "codegen/cuda/map_source.hpp"
#include "codegen/map_arguments.hpp"
#include "codegen/shrink_map.hpp"

namespace perftune {

Kernel CudaMapEmitter::emit(const Operator& op, const TileProgram& program, const Hardware& hardware) const {
  const GpuMapTiles tiles = GpuMapTiles::from(program);
  const MapForm form = require_map(op);
  Kernel kernel;
  kernel.program = program;
  kernel.entry = kMapEntry;
  kernel.source = cuda_map_source(op, form, tiles, hardware);
  kernel.arguments = cuda_map_arguments(op, form, tiles).arguments();
  kernel.threads_per_block = tiles.threads;
  return kernel;
}

Operator CudaMapEmitter::shrink(const Operator& op, const TileProgram& program) const {
  const GpuMapTiles tiles = GpuMapTiles::from(program);
  Hardware any;  // the text's dependence on it is the same on both sides
  any.compute_capability = 80;
  const std::string full = cuda_map_source(op, require_map(op), tiles, any);
  const std::int64_t block = std::int64_t{tiles.threads} * tiles.items * tiles.vector;
  MapReach reach{2 * block + block / 4, {}};
  if (tiles.across > 0) {
    const std::int64_t extent = tiles.tile + tiles.tile / 2;
    reach = {extent * extent, {{require_map(op).inner(), extent}, {static_cast<std::size_t>(tiles.across - 1), extent}}};
  }
  return shrink_map(op, reach, [&](const Operator& small, const MapForm& form) {
    if (form.digits != tiles.digits) return false;
    if (tiles.across == 0 && bad_map_vectors(form, tiles)) return false;
    return cuda_map_source(small, form, tiles, any) == full;
  });
}

}  // namespace perftune
