// Which contractions the scalar pipes of NVIDIA GPUs compute (target cuda/simt), and their launches. Pure.
#pragma once

#include "codegen/cuda/contraction_rules.hpp"

namespace perftune {

class SimtContractionRules final : public CudaContractionRules {
 public:
  std::string_view target() const override { return "cuda/simt"; }
  ContractionPlan plan(const Contraction& form, const ContractionTiles& tiles,
                       const Hardware& hardware) const override;

 private:
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
