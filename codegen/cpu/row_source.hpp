// The text of a `cpu/simd` kernel of the reduction and row families, and its scalar arguments.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/kernel.hpp"
#include "codegen/row.hpp"

namespace perftune {

// Elements of T in the workspace: partial sums, then each task's kept elements.
struct CpuRowScratch {
  std::int64_t partials = 0;
  std::int64_t kept_stride = 0;  // between kept buffers of one task
  std::int64_t stage = 0;        // where a task's staged plane begins, after what is packed
  std::int64_t task = 0;         // all of one task's
};
CpuRowScratch cpu_row_scratch(const RowForm& form, const CpuRowTiles& tiles, std::int64_t lanes);

// Kernel::source and its arguments; the same call gives the scalars' values at form's extents.
struct CpuRowSource {
  Kernel kernel;
  std::vector<std::int64_t> scalars;
};
CpuRowSource cpu_row_source(const RowForm& form, const CpuRowTiles& tiles, std::int64_t lanes);

// Elements that the tile program keeps between passes.
std::vector<int> cpu_kept_elements(const RowForm& form, const CpuRowTiles& tiles);

}  // namespace perftune
