// Emits maps for CPUs (family map, target cpu/simd): codegen/cpu/device/map.hpp around the operator
// printed from its canonical form. Every type; ragged extents; AVX2 and AVX-512. Pure.
#pragma once

#include "codegen/cpu/map_rules.hpp"
#include "codegen/emitter.hpp"

namespace perftune {

class CpuMapEmitter final : public EmitterOver<CpuMapRules> {
 public:
  Kernel emit(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

}  // namespace perftune
