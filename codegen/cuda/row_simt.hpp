// Emits the reduction and row families for `cuda/simt`: one emitter per family, one text for both.
// Stateless; thread-safe.
#pragma once

#include "codegen/cuda/row_rules.hpp"
#include "codegen/emitter.hpp"

namespace perftune {

class SimtRowEmitter final : public EmitterOver<SimtRowRules> {
 public:
  // "reduction" or "row".
  explicit SimtRowEmitter(std::string family) : EmitterOver(std::move(family)) {}

  Kernel emit(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

}  // namespace perftune
