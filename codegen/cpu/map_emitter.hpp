// Emits maps for CPUs (family map, target cpu/simd): codegen/cpu/device/map.hpp around the operator
// printed from its canonical form. Every type; ragged extents; AVX2 and AVX-512. Pure.
#pragma once

#include "codegen/emitter.hpp"

namespace perftune {

class CpuMapEmitter final : public Emitter {
 public:
  std::string_view family() const override { return "map"; }
  std::string_view target() const override { return "cpu/simd"; }
  Reading read(const Operator& op) const override;
  Kernel emit(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

}  // namespace perftune
