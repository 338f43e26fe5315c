// What a `cuda/simt` tile program of the reduction and row families must obey, and how large its
// smallest honest test problem is. Pure.
#pragma once

#include <optional>
#include <string>

#include "codegen/cuda/row_tiles.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

// Why `tiles` cannot compute `form`, whatever the hardware; nullopt when they can.
std::optional<std::string> bad_row_tiles(const RowForm& form, const CudaRowTiles& tiles);
// Threads, shared memory and types of one architecture.
std::optional<std::string> bad_row_hardware(const RowForm& form, const CudaRowTiles& tiles,
                                            const Hardware& hardware);

// Some element offset or flat index leaves 32-bit signed arithmetic.
bool rows_need_64bit(const RowForm& form);

// Registers per thread to expect.
int row_registers(const RowForm& form, const CudaRowTiles& tiles);

// A small problem with the same text: a few blocks of rows, enough columns for every thread and
// every chunk, ragged where that is legal.
Operator shrink_rows(const Operator& op, const CudaRowTiles& tiles);

}  // namespace perftune
