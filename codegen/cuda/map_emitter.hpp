// Emits maps for NVIDIA GPUs (family map, target cuda/simt): codegen/cuda/map.cuh around the
// operator printed from its canonical form. Every type that the architecture stores; ragged extents;
// 64-bit positions. Pure.
#pragma once

#include "codegen/emitter.hpp"

namespace perftune {

class CudaMapEmitter final : public Emitter {
 public:
  std::string_view family() const override { return "map"; }
  std::string_view target() const override { return "cuda/simt"; }
  Reading read(const Operator& op) const override;
  Kernel emit(const Operator& op, const TileProgram& program, const Hardware& hardware) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

}  // namespace perftune
