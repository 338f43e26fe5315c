// The text of a `cpu/simd` kernel of the reduction and row families.
#pragma once

#include <cstdint>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/kernel.hpp"
#include "codegen/row.hpp"

namespace perftune {

// The source and its argument list.
Kernel cpu_row_source(const RowForm& form, const CpuRowTiles& tiles, std::int64_t lanes);

}  // namespace perftune
