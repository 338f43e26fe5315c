// What every CUDA target asks of a contraction's tile program, and the launch that follows from it.
#pragma once

#include <optional>
#include <string>

#include "codegen/contraction.hpp"
#include "codegen/contraction_tiles.hpp"
#include "codegen/kernel.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

// Tiles that nest, a block that fits, an architecture that is compiled for, a problem in range.
std::optional<std::string> bad_block(const Contraction& form, const ContractionTiles& tiles,
                                     const Hardware& hardware);

// Vectors that some access of `form` cannot be aligned to.
std::optional<std::string> bad_vectors(const Contraction& form, const ContractionTiles& tiles,
                                       bool a_along_k, bool b_along_k);

// More shared memory than one block may have.
std::optional<std::string> bad_shared(std::int64_t bytes, const Hardware& hardware);

// Grid x: output tiles of every batch; y: splits of k. The workspace holds one counter per tile
// (zeroed), then `sum_bytes` for each partial sum.
Launch contraction_launch(const Contraction& form, const ContractionTiles& tiles, int sum_bytes);

// Output tiles of one batch, or of whole clusters where blocks form clusters.
struct TileGrid {
  std::int64_t m = 0, n = 0, batch = 0;
  int cluster = 1;               // blocks per cluster
  std::int64_t steps = 0;        // of block_k
  std::int64_t split_depth = 0;  // of k per split, a multiple of block_k
  std::int64_t partials = 0;     // byte offset of the partial sums in the workspace
  std::int64_t blocks() const { return m * n * batch * cluster; }
};
TileGrid tile_grid(const Contraction& form, const ContractionTiles& tiles);

}  // namespace perftune
