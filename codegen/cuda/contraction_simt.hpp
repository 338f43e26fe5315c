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
  std::string_view target() const override { return "cuda/simt"; }

 private:
  ContractionPlan plan(const Contraction& form, const ContractionTiles& tiles,
                       const Hardware& hardware) const override;
  std::optional<std::string> unsuitable(const Contraction& form, const ContractionTiles& tiles,
                                        const Hardware& hardware) const override;
};

// What the tile program leaves open, derived from it and the operands' types and directions.
struct SimtMapping {
  bool a_along_k = false;  // A is contiguous along k (else staged along its rows)
  bool b_along_k = false;
  int depth_vector = 1;    // elements of k that a lane reads at once
  int period_m = 1;        // neighbouring rows of A that a lane reads at once
  int period_n = 1;
  bool dot4 = false;       // four 8-bit products per instruction
  int shared_bytes = 0;

  static SimtMapping of(const Contraction& form, const ContractionTiles& tiles);
};

// Registers per thread and the launch bound that follows from them (simt_registers.cpp).
struct SimtRegisters {
  int needed = 0;      // the fewest that should not spill
  int min_blocks = 0;  // second launch bound: at least the program's, 0 when that is 0
  int expected = 0;    // what it is going to report

  static SimtRegisters of(const Contraction& form, const ContractionTiles& tiles,
                          const SimtMapping& map, const Hardware& hardware);
};

}  // namespace perftune
