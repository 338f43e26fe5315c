#include "codegen/cuda/contraction_mma.hpp"

#include <fmt/format.h>

#include "codegen/cuda/mma_rules.hpp"

namespace perftune {

MmaContractionEmitter::MmaContractionEmitter()
    : CudaContractionEmitter(std::make_unique<MmaContractionRules>(),
                             {"contraction_mma.cuh", "pt::ContractionMma", "contraction_mma"}) {}

std::string MmaContractionEmitter::tiles_text(const Contraction&, const ContractionTiles& t,
                                             const ContractionPlan& plan) const {
  return fmt::format(
      "  struct Tiles {{\n"
      "    static constexpr int block_m = {}, block_n = {}, block_k = {}, stages = {};\n"
      "    static constexpr int warp_m = {}, warp_n = {};\n"
      "    static constexpr int split_k = {}, slice_k = {}, stream_k = {}, raster = {};\n"
      "    static constexpr int cluster_m = 1, cluster_n = 1;\n"
      "    static constexpr int shared_bytes = {};\n"
      "  }};\n",
      t.block_m, t.block_n, t.block_k, t.stages, t.warp_m, t.warp_n, t.split_k, t.slice_k,
      t.stream_k, t.raster, plan.shared_bytes);
}

}  // namespace perftune
