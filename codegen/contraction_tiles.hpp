// The knobs of a contraction's tile program on a GPU, as a typed view of TileProgram.
//
// All extents are in elements of the iteration space (b, m, n, k of codegen/contraction.hpp).
//
//   block tile  block_m x block_n of the output per thread block, k in steps of block_k,
//               `stages` steps in flight in shared memory
//   warp tile   warp_m x warp_n per warp; warps = (block_m/warp_m) * (block_n/warp_n) * slice_k
//   thread tile thread_m x thread_n per thread (cuda/simt only; 0 for tensor-core targets)
//   split_k     blocks that share one output tile, each over a contiguous part of k; partial sums
//               meet in a workspace and the last block to arrive adds them in a fixed order
//   slice_k     warp groups of one block that share its output tile, each over a part of block_k
//   stream_k    1: what the last, partial wave and the one before it compute is cut evenly over the
//               resident blocks instead (cuda/mma, cuda/wgmma)
//   raster      m-blocks visited before n advances (L2 reuse); 1: n-major order
//   vector_*    elements per global load of A, B and store of C
//   min_blocks  resident blocks per SM asked of the compiler, at least: CUDA emitters ask for as many
//               as the registers that the kernel needs allow; 0: no bound
//   index_bits  32 or 64: width of address arithmetic in elements
//   producers   warps of a block that only load, beside warps() (cuda/wgmma)
//   tensor_store 1: finished tiles leave as boxes that TMA stores (cuda/wgmma)
//   cluster_*   blocks per cluster (cuda/wgmma)
//   promote     k steps after which the tensor core's sums are added to others in registers, whose
//               precision theirs does not reach (cuda/wgmma, 8-bit floats); 0: never
//   swap        1: the instruction's rows run along n, its columns along m (cuda/wgmma, small m)
#pragma once

#include <compare>

#include "codegen/tile_program.hpp"

namespace perftune {

struct ContractionTiles {
  int block_m = 0, block_n = 0, block_k = 0;
  int warp_m = 0, warp_n = 0;
  int thread_m = 0, thread_n = 0;
  int stages = 2;
  int split_k = 1;
  int slice_k = 1;
  int stream_k = 0;
  int raster = 1;
  int vector_a = 1, vector_b = 1, vector_c = 1;
  int min_blocks = 1;
  int index_bits = 32;
  int producers = 0;
  int tensor_store = 0;
  int cluster_m = 1, cluster_n = 1;
  int swap = 0;
  int promote = 0;

  auto operator<=>(const ContractionTiles&) const = default;

  static ContractionTiles from(const TileProgram& program);  // absent knobs keep their defaults
  TileProgram to_program(const char* target) const;          // knobs at their default are left out

  int warps() const { return (block_m / warp_m) * (block_n / warp_n) * slice_k; }
  int threads() const { return (warps() + producers) * 32; }
};

}  // namespace perftune
