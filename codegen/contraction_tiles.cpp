#include "codegen/contraction_tiles.hpp"

#include <iterator>

namespace perftune {
namespace {

struct Knob {
  const char* name;
  int ContractionTiles::* field;
};

constexpr Knob kKnobs[] = {
    {"block_m", &ContractionTiles::block_m},       {"block_n", &ContractionTiles::block_n},
    {"block_k", &ContractionTiles::block_k},       {"warp_m", &ContractionTiles::warp_m},
    {"warp_n", &ContractionTiles::warp_n},         {"thread_m", &ContractionTiles::thread_m},
    {"thread_n", &ContractionTiles::thread_n},     {"stages", &ContractionTiles::stages},
    {"split_k", &ContractionTiles::split_k},       {"slice_k", &ContractionTiles::slice_k},
    {"stream_k", &ContractionTiles::stream_k},     {"raster", &ContractionTiles::raster},
    {"vector_a", &ContractionTiles::vector_a},     {"vector_b", &ContractionTiles::vector_b},
    {"vector_c", &ContractionTiles::vector_c},     {"min_blocks", &ContractionTiles::min_blocks},
    {"index_bits", &ContractionTiles::index_bits}, {"cluster_m", &ContractionTiles::cluster_m},
    {"cluster_n", &ContractionTiles::cluster_n},   {"swap", &ContractionTiles::swap},
    {"producers", &ContractionTiles::producers},   {"tensor_store", &ContractionTiles::tensor_store},
    {"promote", &ContractionTiles::promote},
};

}  // namespace

ContractionTiles ContractionTiles::from(const TileProgram& program) {
  ContractionTiles tiles;
  for (const auto& knob : kKnobs)
    tiles.*knob.field = static_cast<int>(program.get(knob.name, tiles.*knob.field));
  return tiles;
}

TileProgram ContractionTiles::to_program(const char* target) const {
  const ContractionTiles defaults;
  TileProgram program{"contraction", target, {}};
  for (const auto& knob : kKnobs)
    if (this->*knob.field != defaults.*knob.field)
      program.knobs.emplace(knob.name, this->*knob.field);
  return program;
}

}  // namespace perftune
