// The arguments of a `cuda/simt` kernel of the reduction and row families, in the order of its source
// (row_printer.hpp, row_access_printer.hpp). Pure.
#pragma once

#include <optional>
#include <string>

#include "codegen/argument_list.hpp"
#include "codegen/cuda/row_tiles.hpp"
#include "codegen/row.hpp"

namespace perftune {

ArgumentList cuda_row_arguments(const RowForm& form, const CudaRowTiles& tiles);

// The group whose neighbouring points are a thread's lanes.
inline Group lane_group(const CudaRowTiles& tiles) { return tiles.lanes != 0 ? Group::m : Group::k; }
bool moves_with_lanes(const Access& access, Group lane);
// A load of an index tensor whose value is known once the row is.
bool load_of_row(const RowAccess::Load& load, Group lane);
// The access moves in vectors: contiguous along the lanes, all of them inside or none, and no window
// that starts at every element.
bool vectorised(const Access& access, Group lane);

// Vectors of `tiles` that some access of `form` cannot be aligned to, or extents that they do not
// divide; nullopt when all can.
std::optional<std::string> bad_row_vectors(const RowForm& form, const CudaRowTiles& tiles);

// Blocks along the rows; columns of one split, in whole steps of a block; where partial results begin.
std::int64_t row_tile_count(const RowForm& form, const CudaRowTiles& tiles);
std::int64_t part_columns(const RowForm& form, const CudaRowTiles& tiles);
std::int64_t partials_offset(const RowForm& form, const CudaRowTiles& tiles);

}  // namespace perftune
