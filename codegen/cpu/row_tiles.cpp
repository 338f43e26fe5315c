#include "codegen/cpu/row_tiles.hpp"

#include <algorithm>

namespace perftune {
namespace {

struct Knob {
  const char* name;
  std::int64_t CpuRowTiles::* field;
};

constexpr Knob kKnobs[] = {
    {"lanes", &CpuRowTiles::lanes},   {"unroll", &CpuRowTiles::unroll},
    {"tile", &CpuRowTiles::tile},     {"tasks", &CpuRowTiles::tasks},
    {"split", &CpuRowTiles::split},   {"keep", &CpuRowTiles::keep},
    {"stream", &CpuRowTiles::stream}, {"lane_step", &CpuRowTiles::lane_step},
    {"window0", &CpuRowTiles::window0}, {"window1", &CpuRowTiles::window1},
    {"window2", &CpuRowTiles::window2}, {"stage", &CpuRowTiles::stage},
};

}  // namespace

CpuRowTiles CpuRowTiles::from(const TileProgram& program) {
  CpuRowTiles tiles;
  for (const Knob& knob : kKnobs) tiles.*knob.field = program.get(knob.name, tiles.*knob.field);
  return tiles;
}

TileProgram CpuRowTiles::to_program(const std::string& family) const {
  const CpuRowTiles defaults;
  TileProgram program{family, "cpu/simd", {}};
  for (const Knob& knob : kKnobs)
    if (this->*knob.field != defaults.*knob.field) program.knobs.emplace(knob.name, this->*knob.field);
  return program;
}

std::int64_t CpuRowTiles::window_points() const {
  return std::max<std::int64_t>(1, window0) * std::max<std::int64_t>(1, window1) * std::max<std::int64_t>(1, window2);
}

std::string row_family(const RowForm& form) { return form.is_reduction() ? "reduction" : "row"; }

}  // namespace perftune
