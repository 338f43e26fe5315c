#include "codegen/cpu/contraction_emitter.hpp"

#include <algorithm>

#include "codegen/cpu/contraction_source.hpp"

namespace perftune {

Kernel CpuContractionEmitter::emit(const Operator& op, const TileProgram& program,
                                   const Hardware&) const {
  const CpuTiles tiles = CpuTiles::from(program);
  return contraction_source(cpu_contraction(op, tiles), tiles);
}

Operator CpuContractionEmitter::shrink(const Operator& op, const TileProgram& program) const {
  // Nothing in the text depends on extents, so any small ragged problem runs all of it.
  const std::int64_t least = std::max<std::int64_t>(67, 2 * kCpuStepsPerSlice *
                                                            CpuTiles::from(program).split_k + 3);
  Dims dims = op.base_dims();
  for (auto& [name, extent] : dims) extent = std::min(extent, least);
  return op.rebind(dims);
}

}  // namespace perftune
