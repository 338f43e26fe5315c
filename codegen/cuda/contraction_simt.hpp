// Emits contractions for the scalar pipes of NVIDIA GPUs (target cuda/simt): codegen/cuda/
// contraction_simt.cuh around operands and an epilogue printed from the expression.
//
// Inputs f64, f32, f16, bf16, i8, u8, 8-bit floats, each mixed with each; accumulation in f64, f32 or i32.
// Any strides, transposition, axis groups, padding; ragged extents everywhere. Pure.
#pragma once

#include "codegen/cuda/cuda_contraction.hpp"

namespace perftune {

class SimtContractionEmitter final : public CudaContractionEmitter {
 public:
  SimtContractionEmitter();

 private:
  std::string tiles_text(const Contraction& form, const ContractionTiles& tiles,
                         const ContractionPlan& plan) const override;
};

}  // namespace perftune
