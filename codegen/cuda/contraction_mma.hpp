// Emits contractions for tensor cores by mma.sync (target cuda/mma): codegen/cuda/
// contraction_mma.cuh around operands and an epilogue printed from the expression.
//
// f16 and 8-bit integers from sm_75, bf16 and tf32 from sm_80, 8-bit floats from sm_89; sums in
// f32 or i32. Every layout, alignment down to one element, ragged extents. Pure.
#pragma once

#include "codegen/cuda/cuda_contraction.hpp"

namespace perftune {

class MmaContractionEmitter final : public CudaContractionEmitter {
 public:
  MmaContractionEmitter();

 private:
  std::string tiles_text(const Contraction& form, const ContractionTiles& tiles,
                         const ContractionPlan& plan) const override;
};

}  // namespace perftune
