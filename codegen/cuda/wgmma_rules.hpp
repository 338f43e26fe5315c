// Which contractions Hopper's tensor cores compute (target cuda/wgmma, sm_90a), and their launches. Pure.
#pragma once

#include "codegen/cuda/contraction_rules.hpp"

namespace perftune {

class WgmmaContractionRules final : public CudaContractionRules {
 public:
  std::string_view target() const override { return "cuda/wgmma"; }
  ContractionPlan plan(const Contraction& form, const ContractionTiles& tiles,
                       const Hardware& hardware) const override;
  std::optional<std::string> misaligned(const Contraction& form, const ContractionTiles& tiles,
                                        const ContractionPlan& plan) const override;

 private:
  std::optional<std::string> unsuitable(const Contraction& form, const ContractionTiles& tiles,
                                        const Hardware& hardware) const override;
  void complete(const Contraction& form, const ContractionTiles& tiles, const ContractionPlan& plan,
                const Hardware& hardware, Launch& launch) const override;
};

}  // namespace perftune
