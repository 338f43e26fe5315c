#include "codegen/cpu/row_rules.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "codegen/cpu/row_arguments.hpp"
#include "codegen/cpu/row_stage.hpp"
#include "codegen/cpu/row_tiles.hpp"
#include "codegen/row.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

std::optional<std::string> bad_knob(const CpuRowTiles& t) {
  if (t.lanes < 0 || t.lanes > 1) return "lanes is 0 or 1";
  if (t.unroll < 1 || t.unroll > 16 || t.tile < 1 || t.tile > 16) return "unroll and tile are 1 to 16";
  if (t.tasks < 1 || t.tasks > 1024 || t.split < 1 || t.tasks % t.split != 0)
    return "tasks are 1 to 1024 and a multiple of split";
  if (t.lane_step != 0 && t.lane_step != 2) return "lane_step is 0 or 2";
  if (t.lanes == 0 && t.tile != 1) return "tile is for lanes along rows";
  if (t.lanes == 1 && t.keep != 0) return "keep is for lanes along columns";
  return std::nullopt;
}

// Whether every affine read that is not contiguous along the lanes has the constant step.
std::optional<std::string> bad_step(const RowForm& form, const CpuRowTiles& t) {
  if (t.lane_step == 0) return std::nullopt;
  const Group g = t.lanes != 0 ? Group::m : Group::k;
  for (const RowAccess& read : form.reads)
    if (read.at.forms(g).back() == StrideForm::run_time && read.at.strides(g).back() != t.lane_step)
      return words("a read is not {} elements apart along the lanes", t.lane_step);
  for (const auto& output : form.outputs)
    if (output.at.forms(g).back() == StrideForm::run_time) return "outputs are not contiguous along the lanes";
  return std::nullopt;
}

constexpr std::int64_t most_window_points = 25;
constexpr std::int64_t most_window_steps = 220;  // vectors laid out at once: compiling takes about 1 s

std::optional<std::string> bad_window(const RowForm& form, const CpuRowTiles& t) {
  if (!t.unrolled()) return t.window1 != 0 || t.window2 != 0 ? std::optional<std::string>("window0 comes first") : std::nullopt;
  if (t.lanes != 1 || t.split != 1 || form.passes() != 1) return "a constant window is for one pass with lanes along rows";
  if (t.window_points() * t.tile * t.unroll > most_window_steps) return "the window of a tile is too long to lay out";
  for (const RowAccess& read : form.reads)
    if (!read.at.bounds.empty() && read.indexed_by(Group::k) && (read.at.type != DType::f32 || form.value != DType::f32))
      return "a constant window that leaves its tensor is for f32";
  const std::int64_t window[] = {t.window0, t.window1, t.window2};
  if (form.columns().size() > 3 || t.window_points() > most_window_points) return "the window is too large to lay out";
  for (std::size_t i = 0; i < 3; ++i)
    if (window[i] != (i < form.columns().size() ? form.columns()[i].extent : 0))
      return "the window's constants are not the operator's extents";
  return std::nullopt;
}

std::optional<std::string> bad_stage(const RowForm& form, const CpuRowTiles& t, std::int64_t lanes) {
  if (t.stage == 0) return std::nullopt;
  if (t.stage != 1 && t.stage != 2) return "stage is 0, 1 or 2";
  if (!t.unrolled()) return "a plane is staged for a constant window";
  std::string why_not;
  return cpu_row_stage(form, t, lanes, why_not) ? std::nullopt : std::optional<std::string>(why_not);
}

std::optional<std::string> illegal_tiles(const RowCanonicalised& canonical,
                                         const std::string& family, const TileProgram& program,
                                         const Hardware& hardware) {
  if (hardware.kind != Hardware::Kind::cpu || hardware.cpu.simd_bits < 256)
    return "needs a CPU with 256-bit vectors";
  if (!canonical.form) return canonical.why_not;
  const RowForm& form = *canonical.form;
  if (row_family(form) != family)
    return "the operator belongs to the " + row_family(form) + " family";
  const CpuRowTiles tiles = CpuRowTiles::from(program);
  if (tiles.to_program(family) != program) return "not a canonical cpu/simd tile program";
  if (auto why = bad_knob(tiles)) return why;
  if (auto why = bad_step(form, tiles)) return why;
  if (auto why = bad_window(form, tiles)) return why;
  if (auto why = bad_stage(form, tiles, row_lanes(form, hardware))) return why;
  if (tiles.split > 1 && family != "reduction")
    return "split needs a single pass without stored columns";
  if (tiles.tile > 1 && form.rows().size() < 2) return "tile needs a second row axis";
  if (tiles.keep != 0 && form.reused_elements().empty()) return "no element is used by several passes";
  const auto sums = static_cast<std::int64_t>(std::max<std::size_t>(1, form.reductions.size()));
  if (tiles.lanes == 1 &&
      tiles.unroll * tiles.tile * sums > std::max<std::int64_t>(16, hardware.cpu.vector_registers * 3 / 4))
    return "more sums than registers can hold in turn";
  if (form.inexact_axis_numbers()) return "an index that enters a value exceeds what f32 holds";
  return std::nullopt;
}

}  // namespace

LaunchRules::Reading CpuRowRules::read(const Operator& op) const {
  const auto canonical = std::make_shared<const RowCanonicalised>(canonicalise_rows(op));
  return {[this, canonical](const TileProgram& program, const Hardware& hardware) {
            return illegal_tiles(*canonical, family_, program, hardware);
          },
          [canonical](const TileProgram& program, const Hardware&) {
            const CpuRowTiles t = CpuRowTiles::from(program);
            const std::size_t sums =
                std::max<std::size_t>(1, canonical->form.value().reductions.size());
            Resources resources;
            resources.registers = static_cast<int>(t.unroll * t.tile) * static_cast<int>(sums) + 2;
            return resources;
          }};
}

std::int64_t row_lanes(const RowForm& form, const Hardware& hardware) {
  return hardware.cpu.simd_bits / 8 / static_cast<std::int64_t>(size_bytes(form.value));
}

Launch CpuRowRules::bind(const Operator& op, const TileProgram& program,
                         const Hardware& hardware) const {
  const RowForm form = require_rows(op);
  const CpuRowTiles tiles = CpuRowTiles::from(program);
  const std::int64_t lanes = row_lanes(form, hardware);
  const CpuRowScratch scratch = cpu_row_scratch(form, tiles, lanes);
  Launch launch;
  launch.grid = {tiles.tasks, 1, 1};
  launch.workspace_bytes = (scratch.partials + tiles.tasks * scratch.task) *
                           static_cast<std::int64_t>(size_bytes(form.value));
  put_arguments(cpu_row_arguments(form, tiles, lanes), launch);
  return launch;
}

}  // namespace perftune
