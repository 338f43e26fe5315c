#include "codegen/cuda/contraction_simt.hpp"

#include <fmt/format.h>

#include "codegen/cuda/simt_rules.hpp"

namespace perftune {

SimtContractionEmitter::SimtContractionEmitter()
    : CudaContractionEmitter(std::make_unique<SimtContractionRules>(),
                             {"contraction_simt.cuh", "pt::ContractionSimt", "contraction_simt"}) {}

std::string SimtContractionEmitter::tiles_text(const Contraction& form, const ContractionTiles& t,
                                             const ContractionPlan& plan) const {
  const SimtMapping map = SimtMapping::of(form, t);
  return fmt::format(
      "  struct Tiles {{\n"
      "    static constexpr int block_m = {}, block_n = {}, block_k = {}, stages = {};\n"
      "    static constexpr int warp_m = {}, warp_n = {}, thread_m = {}, thread_n = {};\n"
      "    static constexpr int split_k = {}, slice_k = {}, raster = {};\n"
      "    static constexpr int period_m = {}, period_n = {}, depth_vector = {};\n"
      "    static constexpr bool dot4 = {};\n"
      "    static constexpr int shared_bytes = {};\n"
      "  }};\n",
      t.block_m, t.block_n, t.block_k, t.stages, t.warp_m, t.warp_n, t.thread_m, t.thread_n,
      t.split_k, t.slice_k, t.raster, map.period_m, map.period_n, map.depth_vector, map.dot4,
      plan.shared_bytes);
}

}  // namespace perftune
