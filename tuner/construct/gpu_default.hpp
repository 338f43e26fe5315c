// The default among a GPU constructor's programs: what an operator gets that nobody tuned.
//
// A rule of thumb, no model: how long the busiest SM works, in units that only compare programs of one family
// and target for one operator. It sees idle SMs, padding, too few bytes or warps in flight, and reuse.
#pragma once

#include <cstdint>

#include "codegen/contraction_tiles.hpp"
#include "codegen/cuda/row_tiles.hpp"
#include "codegen/kernel.hpp"
#include "codegen/row.hpp"
#include "recipes/hardware.hpp"

namespace perftune::rules {

// In memory latencies. `spread`: how far apart in memory neighbours along the tiles' lanes
// lie, in elements.
double row_effort(const CudaRowTiles& tiles, const RowForm& form, double spread, const Hardware& hardware);

struct Product {
  std::int64_t m, n, k, batch;
  DType type;  // of the operands
};
// In nanoseconds, roughly.
double contraction_effort(const ContractionTiles& tiles, const Product& product, const Resources& resources,
                          const Hardware& hardware);

}  // namespace perftune::rules
