// The knobs of a contraction's tile program for `cpu/simd`, as a typed view of TileProgram.
//
// All extents are in elements of the iteration space (b, m, n, k of codegen/contraction.hpp),
// except register_n, which counts vectors. device/contraction.hpp is what they parametrise.
//
//   form        tile: outer products of a broadcast A and vectors of B along n, sums in registers
//               dot:  vectors along k, which must be contiguous in both operands
//               axpy: for few rows; a strip of sums in L1 while rows of B stream past once
//   turned      1: A and B, m and n change places below; a tile of finished values is turned as it is stored
//               (tile only; for results whose columns are what must be gathered, as in NCHW)
//   register_m  rows whose sums are kept in registers
//   register_n  tile: vectors per row; dot: columns per row, one vector of sums each; axpy: 1
//   block_m     rows of A that stay in L2 while B panels pass (tile)
//   block_n     columns of B handled before the next (tile: its packed block; axpy: the strip)
//   block_k     steps of k per pass; sums of an unfinished k wait in the output
//   pack_a/b    1: copy the operand block into the order in which the register tile reads it
//   edges_a/b   how a declared pad value reaches the tile. asked: every read tests (packing only); staged:
//               the operand is copied once, widened by its padding and converted, then read like any
//               other; none: nothing is tested, where no read leaves the tensor at these extents
//   rows_inner  1: rows advance fastest, so a B panel stays in L1; 0: columns do, an A panel stays
//   threads_*   tasks along batch, m and n; their product with split_k is the number of tasks
//   split_k     tasks that share outputs, each over a part of k; partial sums are added in order
//   unroll      tile, dot: steps of k per loop iteration; axpy: rows of B read side by side
//   prefetch    tile: steps, dot and axpy: vectors, by which B is prefetched ahead; 0: not
//   stream_c    1: finished values go past the caches, for an output larger than they are; k in one
//               pass, since an unfinished sum is read again
#pragma once

#include <compare>
#include <cstdint>

#include "codegen/tile_program.hpp"

namespace perftune {

struct CpuTiles {
  enum Form : std::int64_t { tile = 0, dot = 1, axpy = 2 };
  enum Edges : std::int64_t { asked = 0, staged = 1, none = 2 };

  std::int64_t form = tile;
  std::int64_t turned = 0;
  std::int64_t register_m = 1, register_n = 1;
  std::int64_t block_m = 1 << 20, block_n = 1 << 20, block_k = 1 << 20;
  std::int64_t pack_a = 0, pack_b = 0;
  std::int64_t edges_a = asked, edges_b = asked;
  std::int64_t rows_inner = 1;
  std::int64_t threads_b = 1, threads_m = 1, threads_n = 1;
  std::int64_t split_k = 1;
  std::int64_t unroll = 4;
  std::int64_t prefetch = 0;
  std::int64_t stream_c = 0;

  auto operator<=>(const CpuTiles&) const = default;

  static CpuTiles from(const TileProgram& program);  // absent knobs keep their defaults
  TileProgram to_program() const;                    // knobs at their default are left out

  std::int64_t tasks() const { return threads_b * threads_m * threads_n * split_k; }
};

}  // namespace perftune
