// The knobs of a map's tile program, as typed views of TileProgram.
//
//   digits   axes that the canonical form took apart (map.hpp): names the form that the text is for
//   across   crossing programs: the axis that is tiled with the innermost one, counted from 1, so
//            that operands contiguous along it are transposed on chip; 0: runs of the innermost axis
// CPU
//   tile_x, tile_y   elements of a crossing tile along the innermost axis and along `across`
//   tasks    pieces for the threads          segment  elements of the innermost axis per piece
//   stream   1: stores go past the caches    unroll   vectors per loop iteration
//   ahead    1: crossing tiles ask for the next tile's lines
// GPU
//   threads  per block                       items    vectors per thread
//   vector   elements per store; read_vector elements per load of what is contiguous
//   tile     crossing: extent of the square tile
//   index_bits 32 or 64: width of positions and addresses in elements
#pragma once

#include "codegen/tile_program.hpp"

namespace perftune {

struct CpuMapTiles {
  int across = 0;
  int tile_x = 64, tile_y = 64;
  int tasks = 1;
  int segment = 16384;
  int stream = 0;
  int unroll = 4;
  int ahead = 0;
  int digits = 0;

  auto operator<=>(const CpuMapTiles&) const = default;
  static CpuMapTiles from(const TileProgram& program);
  TileProgram to_program() const;
};

struct GpuMapTiles {
  int across = 0;
  int tile = 32;
  int threads = 256;
  int items = 1;
  int vector = 1, read_vector = 1;
  int index_bits = 32;
  int digits = 0;

  auto operator<=>(const GpuMapTiles&) const = default;
  static GpuMapTiles from(const TileProgram& program);
  TileProgram to_program() const;
};

}  // namespace perftune
