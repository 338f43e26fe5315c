// The text of a `cpu/simd` contraction kernel and the scalars that it takes.
//
// Names and values of the scalar arguments are made by the same walk over the canonical form, so
// that the text (names) and a launch (values) cannot disagree. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codegen/contraction.hpp"
#include "codegen/cpu/contraction_operand.hpp"
#include "codegen/cpu/cpu_tiles.hpp"
#include "codegen/kernel.hpp"

namespace perftune {

// True when sums of an unfinished k can wait in the output.
bool sums_fit_output(const Contraction& form);

// Elements of the accumulator's type. First comes what all tasks share, each part aligned to a vector.
struct CpuScratch {
  std::int64_t partials = 0;                  // partial sums of all k slices
  std::int64_t left_table = 0, right_table = 0;  // where offsets of steps begin
  std::int64_t left_copy = 0, right_copy = 0;    // where staged operands begin
  std::int64_t shared = 0;                    // all of the above
  std::int64_t right = 0;                     // of a task: packed block of B, or the axpy form's strip
  std::int64_t task = 0;                      // all of a task's
};
CpuScratch cpu_scratch(const Contraction& form, const CpuTiles& tiles, std::int64_t lanes);

std::vector<CpuScalar> contraction_scalars(const Contraction& form, const CpuTiles& tiles,
                                           std::int64_t lanes);

// The source and its argument list; entry point `perftune_contraction`.
Kernel contraction_source(const Contraction& form, const CpuTiles& tiles);

}  // namespace perftune
