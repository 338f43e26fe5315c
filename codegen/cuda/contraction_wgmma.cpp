#include "codegen/cuda/contraction_wgmma.hpp"

#include <fmt/format.h>

#include "codegen/cuda/wgmma_rules.hpp"

namespace perftune {

WgmmaContractionEmitter::WgmmaContractionEmitter()
    : CudaContractionEmitter(std::make_unique<WgmmaContractionRules>(),
                             {"contraction_wgmma.cuh", "pt::ContractionWgmma", "contraction_wgmma"}) {}

std::string WgmmaContractionEmitter::tiles_text(const Contraction&, const ContractionTiles& t,
                                             const ContractionPlan& plan) const {
  return fmt::format(
      "  struct Tiles {{\n"
      "    static constexpr int block_m = {}, block_n = {}, block_k = {}, stages = {};\n"
      "    static constexpr int groups = {}, swap = {}, tensor_store = {}, promote = {};\n"
      "    static constexpr int split_k = {}, stream_k = {}, raster = {};\n"
      "    static constexpr int cluster_m = {}, cluster_n = {};\n"
      "    static constexpr int producer_registers = {}, consumer_registers = {};\n"
      "    static constexpr int shared_bytes = {};\n"
      "  }};\n",
      t.block_m, t.block_n, t.block_k, t.stages, (t.swap != 0 ? t.warp_n : t.warp_m) / 16, t.swap,
      t.tensor_store, t.promote, t.split_k, t.stream_k, t.raster, t.cluster_m, t.cluster_n,
      plan.producer_registers, plan.consumer_registers, plan.shared_bytes);
}

}  // namespace perftune
