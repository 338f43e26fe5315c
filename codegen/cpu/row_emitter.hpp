// Emits the reduction and row families for `cpu/simd`: one emitter per family, one text for both.
// Stateless; thread-safe.
#pragma once

#include "codegen/cpu/row_rules.hpp"
#include "codegen/emitter.hpp"

namespace perftune {

class CpuRowEmitter final : public EmitterOver<CpuRowRules> {
 public:
  // "reduction" or "row".
  explicit CpuRowEmitter(std::string family) : EmitterOver(std::move(family)) {}

  Kernel emit(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

}  // namespace perftune
