#include "codegen/map_tiles.hpp"

#include <array>
#include <limits>
#include <utility>

namespace perftune {
namespace {

template <class Tiles, std::size_t N>
Tiles read(const TileProgram& program, const std::array<std::pair<const char*, int Tiles::*>, N>& knobs) {
  Tiles tiles;
  for (const auto& [name, field] : knobs) {
    const std::int64_t value = program.get(name, tiles.*field);
    const bool fits = value >= 0 && value <= std::numeric_limits<int>::max();
    tiles.*field = fits ? static_cast<int>(value) : -1;  // -1: no emitter takes it
  }
  return tiles;
}

template <class Tiles, std::size_t N>
TileProgram write(const char* target, const Tiles& tiles,
                  const std::array<std::pair<const char*, int Tiles::*>, N>& knobs) {
  const Tiles standard;
  TileProgram program{"map", target, {}};
  for (const auto& [name, field] : knobs)
    if (tiles.*field != standard.*field) program.knobs[name] = tiles.*field;
  return program;
}

constexpr std::array<std::pair<const char*, int CpuMapTiles::*>, 9> kCpu{{
    {"across", &CpuMapTiles::across},   {"tile_x", &CpuMapTiles::tile_x},
    {"tile_y", &CpuMapTiles::tile_y},   {"tasks", &CpuMapTiles::tasks},
    {"segment", &CpuMapTiles::segment}, {"stream", &CpuMapTiles::stream},
    {"unroll", &CpuMapTiles::unroll},   {"ahead", &CpuMapTiles::ahead},
      {"digits", &CpuMapTiles::digits}}};

constexpr std::array<std::pair<const char*, int GpuMapTiles::*>, 8> kGpu{{
    {"across", &GpuMapTiles::across},   {"tile", &GpuMapTiles::tile},
    {"threads", &GpuMapTiles::threads}, {"items", &GpuMapTiles::items},
    {"vector", &GpuMapTiles::vector},   {"read_vector", &GpuMapTiles::read_vector},
    {"index_bits", &GpuMapTiles::index_bits}, {"digits", &GpuMapTiles::digits}}};

}  // namespace

CpuMapTiles CpuMapTiles::from(const TileProgram& program) { return read<CpuMapTiles>(program, kCpu); }
TileProgram CpuMapTiles::to_program() const { return write("cpu/simd", *this, kCpu); }
GpuMapTiles GpuMapTiles::from(const TileProgram& program) { return read<GpuMapTiles>(program, kGpu); }
TileProgram GpuMapTiles::to_program() const { return write("cuda/simt", *this, kGpu); }

}  // namespace perftune
