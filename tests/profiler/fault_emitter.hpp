// An emitter of kernels with planted faults, for operators C[m] = 2 * A[m] + 1 in f32. The knob
// `fault` chooses; 0 is the right kernel. `work` repeats it, to make a slower one.
#pragma once

#include <string>

#include "codegen/emitter.hpp"

namespace perftune {

enum class PlantedFault : int {
  none,
  segv,
  division,
  trap,
  endless,
  exits,
  wrong,
  zeros,
  nan,
  partly,
  changes_input,
  writes_before,
  writes_after,
  does_not_compile,
  undefined_symbol,
  compiles_forever,
  wrong_after_warmup,
  crashes_after_warmup,
  drains_memory,
  illegal,
  too_much_memory,    // a workspace of a terabyte
  answers_for_itself,  // writes garbage to where the worker answers
};

class FaultEmitter final : public Emitter {
 public:
  std::string_view family() const override { return "fault"; }
  std::string_view target() const override { return "cpu/simd"; }
  Reading read(const Operator& op) const override;
  Kernel emit(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

TileProgram planted(PlantedFault fault, int work = 1);

}  // namespace perftune
