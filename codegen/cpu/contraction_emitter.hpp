// Emits contractions for `cpu/simd`: one host core's vectors, and threads from the caller's pool.
// Stateless; thread-safe.
#pragma once

#include "codegen/cpu/contraction_rules.hpp"
#include "codegen/emitter.hpp"

namespace perftune {

class CpuContractionEmitter final : public EmitterOver<CpuContractionRules> {
 public:
  Kernel emit(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

}  // namespace perftune
