// The text of a `cpu/simd` contraction kernel and the scalars that it takes.
//
// Names and values of the scalar arguments are made by the same walk over the canonical form, so
// that the text (names) and a launch (values) cannot disagree. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codegen/contraction.hpp"
#include "codegen/cpu/cpu_tiles.hpp"
#include "codegen/kernel.hpp"

namespace perftune {

struct CpuScalar {
  std::string name;
  std::int64_t value = 0;
};

// Along which group an operand is contiguous at every extent: 'm', 'n', 'k', or '0' for none.
char contiguous_group(const Access& access, std::initializer_list<Group> groups);

// True when sums of an unfinished k can wait in the output.
bool sums_fit_output(const Contraction& form);

// Elements of the accumulator's type that one task needs for itself.
struct CpuScratch {
  std::int64_t right = 0;     // packed block of B, or the axpy form's strip
  std::int64_t task = 0;      // all of a task's scratch
  std::int64_t partials = 0;  // partial sums of all k slices
};
CpuScratch cpu_scratch(const Contraction& form, const CpuTiles& tiles, std::int64_t lanes);

std::vector<CpuScalar> contraction_scalars(const Contraction& form, const CpuTiles& tiles,
                                           std::int64_t lanes);

// The source and its argument list; entry point `perftune_contraction`.
Kernel contraction_source(const Contraction& form, const CpuTiles& tiles);

}  // namespace perftune
