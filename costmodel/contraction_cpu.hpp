// The white-box model of cpu/simd contractions: the slowest of arithmetic and feeding the
// registers, plus what does not overlap with it.
//
// After Low et al., "Analytical Modeling Is Enough for High-Performance BLIS" (TOMS 2016) for the
// caches and Hofmann et al., "Bridging the Architecture Gap" (2020; ECM) for what overlaps. Caches
// are taken as warm, as CPU times are measured. Numbers come from Hardware.cpu and, where known,
// from its measured ceilings (l2_gbps, l3_gbps, dram_gbps). Stateless; thread-safe.
#pragma once

#include "costmodel/prediction.hpp"

namespace perftune {

class ContractionCpuModel final : public KernelModel {
 public:
  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return "cpu/simd"; }
  std::vector<Prediction> predict(const Operator& op, const Hardware& hardware,
                                  std::span<const TileProgram> programs,
                                  std::span<const Resources> resources) const override;
};

}  // namespace perftune
