// Emits contractions for Hopper's tensor cores (target cuda/wgmma, sm_90a): codegen/cuda/
// contraction_wgmma.cuh around tensor maps and an epilogue printed from the expression.
//
// f16 and bf16 in every layout; tf32, 8-bit floats and 8-bit integers where both operands are contiguous
// along k (wgmma transposes 16-bit types only). Sums in f32 or i32. Rows of A and B start at multiples of 16 bytes, as
// TMA asks; edges may be ragged. Knobs: block_m is 64 x warpgroups x products of each, block_n is the
// instruction's width (with swap, the other way round), warp_m is 16 rows of each product, and four
// producers load. Pure.
#pragma once

#include "codegen/cuda/cuda_contraction.hpp"

namespace perftune {

class WgmmaContractionEmitter final : public CudaContractionEmitter {
 public:
  WgmmaContractionEmitter();

 private:
  std::string tiles_text(const Contraction& form, const ContractionTiles& tiles,
                         const ContractionPlan& plan) const override;
};

}  // namespace perftune
