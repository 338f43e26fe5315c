// The plane of a padded tensor that a `cpu/simd` reduction stages (device/stage.hpp): what the windows
// of all rows along the two innermost row axes touch, for one point of the others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/row.hpp"

namespace perftune {

struct CpuRowStage {
  std::size_t read = 0;                      // RowForm::reads
  std::size_t row_bound = 0, lane_bound = 0; // of its Access: second innermost row axis, innermost
  // Scalar arguments: device/stage.hpp's Plane, by name.
  std::int64_t rows = 0, columns = 0, stride = 0, pitch = 0;
  std::int64_t row_step = 0;                 // staged elements between neighbouring rows of the tile

  std::int64_t elements() const { return rows * pitch; }
};

// Absent, with the reason, where the form has no such plane. `lanes`: of a vector.
std::optional<CpuRowStage> cpu_row_stage(const RowForm& form, const CpuRowTiles& tiles, std::int64_t lanes,
                                         std::string& why_not);

// The same without the numbers that depend on a vector's lanes, for tiles known to be legal.
CpuRowStage require_stage(const RowForm& form, const CpuRowTiles& tiles);

}  // namespace perftune
