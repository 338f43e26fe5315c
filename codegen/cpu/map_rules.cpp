#include "codegen/cpu/map_rules.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "codegen/map_arguments.hpp"
#include "codegen/map_tiles.hpp"

namespace perftune {
namespace {

constexpr int kMostTileBytes = 128 << 10;  // on the stack of a task

std::optional<std::string> bad_crossing(const MapForm& form, const CpuMapTiles& t) {
  const auto axes = crossing_axes(form);
  if (std::find(axes.begin(), axes.end(), static_cast<std::size_t>(t.across - 1)) == axes.end())
    return "no operand is contiguous along the axis `across`";
  if (t.tile_x < 16 || t.tile_y < 16 || t.tile_x % 16 != 0 || t.tile_y % 16 != 0 || t.tile_x > 512 ||
      t.tile_y > 512)
    return "tiles are multiples of 16 up to 512";
  std::int64_t bytes = 0;
  for (const MapAccess& read : form.reads)
    if (crosses(form, read, static_cast<std::size_t>(t.across - 1)))
      bytes += static_cast<std::int64_t>(size_bytes(read.type)) * t.tile_x * t.tile_y;
  if (bytes > kMostTileBytes) return "the tile's operands exceed 128 KiB";
  return std::nullopt;
}

std::optional<std::string> illegal_tiles(const CanonicalMap& canonical, const TileProgram& program,
                                         const Hardware& hardware) {
  if (hardware.kind != Hardware::Kind::cpu || hardware.cpu.simd_bits < 256)
    return "needs a CPU with 256-bit vectors";
  if (!canonical.form) return canonical.why_not;
  const MapForm& form = *canonical.form;
  const CpuMapTiles t = CpuMapTiles::from(program);
  if (t.to_program() != program) return "not a canonical cpu/simd tile program";
  if (t.digits != form.digits) return "made for another division of axes";
  if (t.tasks < 1 || t.tasks > 1024) return "tasks are 1 to 1024";
  if (t.unroll < 1 || t.unroll > 8) return "unroll is 1 to 8";
  if (t.segment < 16) return "segments have at least 16 elements";
  if (t.across < 0 || t.stream < 0 || t.stream > 1 || t.ahead < 0 || t.ahead > 1) return "a knob is out of range";
  if (t.stream == 1 &&
      (form.results.size() != 1 || form.results[0].access.form.back() == StrideForm::run_time))
    return "only one contiguous output is streamed";
  if (t.across > 0) return bad_crossing(form, t);
  return std::nullopt;
}

}  // namespace

LaunchRules::Reading CpuMapRules::read(const Operator& op) const {
  const auto canonical = std::make_shared<const CanonicalMap>(canonicalise_map(op));
  return {[canonical](const TileProgram& program, const Hardware& hardware) {
            return illegal_tiles(*canonical, program, hardware);
          },
          [canonical](const TileProgram&, const Hardware&) {
            const MapForm& form = canonical->form.value();
            Resources resources;
            resources.registers = static_cast<int>(form.reads.size() + form.results.size() + 2);
            return resources;
          }};
}

Launch CpuMapRules::bind(const Operator& op, const TileProgram& program, const Hardware&) const {
  const CpuMapTiles tiles = CpuMapTiles::from(program);
  Launch launch;
  launch.grid = {tiles.tasks, 1, 1};
  put_arguments(cpu_map_arguments(op, require_map(op), tiles), launch);
  return launch;
}

}  // namespace perftune
