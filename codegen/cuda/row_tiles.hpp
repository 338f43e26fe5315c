// The knobs of a `cuda/simt` tile program of the reduction and row families; row.cuh is what they
// parametrise.
//
//   lanes           0: a thread takes neighbouring columns of one row; 1: neighbouring rows at a column
//   vector          how many of them: elements per load where they are contiguous
//   row_threads     threads of a block along the rows; with lanes 1 times `vector` rows
//   column_threads  threads of a block that share a row
//   held            chunks of `vector` columns that a thread keeps in registers between passes; all
//                   columns fit (lanes 0); 0: none
//   staged          1: chunks wait in shared memory instead
//   chunks          staged: chunks per thread; all columns fit
//   unroll          chunks in flight at a time where none are held
//   split           blocks that share rows, each over a part of the columns (one pass only)
//   index_bits      32 or 64: width of element offsets
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "codegen/row.hpp"
#include "codegen/tile_program.hpp"

namespace perftune {

struct CudaRowTiles {
  std::int64_t lanes = 0;
  std::int64_t vector = 1;
  std::int64_t row_threads = 1, column_threads = 1;
  std::int64_t held = 0;
  std::int64_t staged = 0, chunks = 0;
  std::int64_t unroll = 1;
  std::int64_t split = 1;
  std::int64_t index_bits = 32;

  auto operator<=>(const CudaRowTiles&) const = default;

  static CudaRowTiles from(const TileProgram& program);     // absent knobs keep their defaults
  TileProgram to_program(const std::string& family) const;  // knobs at their default are left out

  std::int64_t threads() const { return row_threads * column_threads; }
  std::int64_t rows_per_block() const { return row_threads * (lanes != 0 ? vector : 1); }
  std::int64_t columns_per_step() const { return column_threads * (lanes != 0 ? 1 : vector); }
};

// Elements and reads that wait between passes.
struct CudaRowKept {
  std::vector<int> elements;  // RowForm::elements
  std::vector<int> reads;     // RowForm::reads
};
CudaRowKept cuda_row_kept(const RowForm& form, const CudaRowTiles& tiles);

// Dynamic shared memory: meeting places of the passes' sums, the ticket of split blocks, staged chunks.
struct CudaRowShared {
  std::int64_t staged_offset = 0;
  std::int64_t bytes = 0;
};
CudaRowShared cuda_row_shared(const RowForm& form, const CudaRowTiles& tiles);

}  // namespace perftune
