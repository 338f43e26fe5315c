// Emits maps for NVIDIA GPUs (family map, target cuda/simt): codegen/cuda/map.cuh around the
// operator printed from its canonical form. Every type that the architecture stores; ragged extents;
// 64-bit positions. Pure.
#pragma once

#include "codegen/cuda/map_rules.hpp"
#include "codegen/emitter.hpp"

namespace perftune {

class CudaMapEmitter final : public EmitterOver<CudaMapRules> {
 public:
  Kernel emit(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

}  // namespace perftune
