#include "codegen/cpu/cpu_tiles.hpp"

namespace perftune {
namespace {

struct Knob {
  const char* name;
  std::int64_t CpuTiles::* field;
};

constexpr Knob kKnobs[] = {
    {"form", &CpuTiles::form},             {"turned", &CpuTiles::turned},
    {"register_m", &CpuTiles::register_m}, {"register_n", &CpuTiles::register_n},
    {"block_m", &CpuTiles::block_m},       {"block_n", &CpuTiles::block_n},
    {"block_k", &CpuTiles::block_k},       {"pack_a", &CpuTiles::pack_a},
    {"pack_b", &CpuTiles::pack_b},         {"edges_a", &CpuTiles::edges_a},       {"edges_b", &CpuTiles::edges_b},
    {"rows_inner", &CpuTiles::rows_inner},
    {"threads_b", &CpuTiles::threads_b},   {"threads_m", &CpuTiles::threads_m},
    {"threads_n", &CpuTiles::threads_n},   {"split_k", &CpuTiles::split_k},
    {"unroll", &CpuTiles::unroll},         {"prefetch", &CpuTiles::prefetch},
    {"stream_c", &CpuTiles::stream_c},
};

}  // namespace

CpuTiles CpuTiles::from(const TileProgram& program) {
  CpuTiles tiles;
  for (const Knob& knob : kKnobs) tiles.*knob.field = program.get(knob.name, tiles.*knob.field);
  return tiles;
}

TileProgram CpuTiles::to_program() const {
  const CpuTiles defaults;
  TileProgram program{"contraction", "cpu/simd", {}};
  for (const Knob& knob : kKnobs) {
    if (this->*knob.field != defaults.*knob.field)
      program.knobs.emplace(knob.name, this->*knob.field);
  }
  return program;
}

}  // namespace perftune
