#include "codegen/cuda/row_rules.hpp"

#include <memory>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/cuda/row_arguments.hpp"
#include "codegen/cuda/row_legality.hpp"

namespace perftune {
namespace {

std::optional<std::string> illegal_tiles(const RowForm& form, const std::string& family,
                                         const TileProgram& program, const Hardware& hardware) {
  if (row_family(form) != family)
    return "the operator belongs to the " + row_family(form) + " family";
  const CudaRowTiles tiles = CudaRowTiles::from(program);
  if (tiles.to_program(family) != program) return "not a canonical cuda/simt tile program";
  if (auto why = bad_row_tiles(form, tiles)) return why;
  return bad_row_hardware(form, tiles, hardware);
}

}  // namespace

LaunchRules::Reading SimtRowRules::read(const Operator& op) const {
  const auto canonical = std::make_shared<const RowCanonicalised>(canonicalise_rows(op));
  return {[this, canonical](const TileProgram& program, const Hardware& hardware) {
            return canonical->form ? illegal_tiles(*canonical->form, family_, program, hardware)
                                   : std::optional(canonical->why_not);
          },
          [canonical](const TileProgram& program, const Hardware&) {
            const CudaRowTiles t = CudaRowTiles::from(program);
            Resources resources;
            resources.shared_bytes = cuda_row_shared(canonical->form.value(), t).bytes;
            resources.registers = row_registers(*canonical->form, t);
            return resources;
          }};
}

Launch SimtRowRules::bind(const Operator& op, const TileProgram& program,
                          const Hardware&) const {
  const RowForm form = require_rows(op);
  const CudaRowTiles t = CudaRowTiles::from(program);
  Launch launch;
  launch.grid = {row_tile_count(form, t), t.split, 1};
  launch.block = {static_cast<int>(t.threads()), 1, 1};
  launch.dynamic_shared_bytes = cuda_row_shared(form, t).bytes;
  if (t.split > 1) {
    launch.workspace_zeroed_bytes = row_tile_count(form, t) * 4;
    launch.workspace_bytes = partials_offset(form, t) +
                             row_tile_count(form, t) * t.split * t.rows_per_block() *
                                 static_cast<std::int64_t>(form.reductions.size() * size_bytes(form.value));
  }
  put_arguments(cuda_row_arguments(form, t), launch);
  return launch;
}

}  // namespace perftune
