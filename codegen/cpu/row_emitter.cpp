#include "codegen/cpu/row_emitter.hpp"

#include <algorithm>

#include "codegen/cpu/row_source.hpp"

namespace perftune {

Kernel CpuRowEmitter::emit(const Operator& op, const TileProgram& program,
                           const Hardware& hardware) const {
  const RowForm form = require_rows(op);
  return cpu_row_source(form, CpuRowTiles::from(program), row_lanes(form, hardware));
}

Operator CpuRowEmitter::shrink(const Operator& op, const TileProgram&) const {
  // Nothing in the text depends on extents but those of a constant window, which are smaller: any
  // small ragged problem runs all of it.
  Dims dims = op.base_dims();
  for (auto& [name, extent] : dims) extent = std::min<std::int64_t>(extent, 67);
  try {
    return op.rebind(dims);
  } catch (const Error&) {  // a derived shape became empty
    return op;
  }
}

}  // namespace perftune
