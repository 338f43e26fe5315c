// What a `cpu/simd` kernel of the reduction and row families takes at one shape: its arguments, and the
// workspace behind them. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "codegen/argument_list.hpp"
#include "codegen/cpu/row_tiles.hpp"
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

ArgumentList cpu_row_arguments(const RowForm& form, const CpuRowTiles& tiles, std::int64_t lanes);

// Reads that depend on the lanes and a constant window only and are not contiguous along the lanes:
// packed once per task, in this order.
std::vector<std::size_t> cpu_packed_reads(const RowForm& form, const CpuRowTiles& tiles);

// Elements that the tile program keeps between passes.
std::vector<int> cpu_kept_elements(const RowForm& form, const CpuRowTiles& tiles);

}  // namespace perftune
