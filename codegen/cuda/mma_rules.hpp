// Which contractions tensor cores compute by mma.sync (target cuda/mma), and their launches. Pure.
#pragma once

#include "codegen/cuda/contraction_rules.hpp"

namespace perftune {

class MmaContractionRules final : public CudaContractionRules {
 public:
  std::string_view target() const override { return "cuda/mma"; }
  ContractionPlan plan(const Contraction& form, const ContractionTiles& tiles,
                       const Hardware& hardware) const override;

 private:
  std::optional<std::string> unsuitable(const Contraction& form, const ContractionTiles& tiles,
                                        const Hardware& hardware) const override;
  void complete(const Contraction& form, const ContractionTiles& tiles, const ContractionPlan& plan,
                const Hardware& hardware, Launch& launch) const override;
};

}  // namespace perftune
