// What a `cpu/simd` contraction kernel takes at one shape: its arguments, and the workspace behind them.
// Pure.
#pragma once

#include <cstdint>
#include <string>

#include "codegen/argument_list.hpp"
#include "codegen/contraction.hpp"
#include "codegen/cpu/contraction_operand.hpp"
#include "codegen/cpu/cpu_tiles.hpp"

namespace perftune {

// The operands of a tile program.
struct CpuOperands {
  CpuOperand a, b, c;
  CpuOperands(const Contraction& form, const CpuTiles& t)
      : a(form, form.a, "left", t.edges_a), b(form, form.b, "right", t.edges_b), c(form, form.c, "out") {}
};

// A result that lies in runs along n: not one axis, the last one contiguous.
bool output_in_runs(const Contraction& form);

// True when sums of an unfinished k can wait in the output.
bool sums_fit_output(const Contraction& form);

// "extra0": the epilogue's operands.
std::string extra_operand_name(std::size_t i);

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

ArgumentList contraction_arguments(const Contraction& form, const CpuTiles& tiles, std::int64_t lanes);

}  // namespace perftune
