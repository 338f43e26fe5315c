#include "codegen/cuda/contraction_rules.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "codegen/cuda/contraction_arguments.hpp"
#include "codegen/cuda/contraction_legality.hpp"
#include "recipes/words.hpp"

namespace perftune {
Contraction cuda_contraction(const Operator& op) {
  auto result = canonicalise_contraction(op);
  if (!result.form) {
    std::fputs(("not a contraction: " + result.why_not + "\n").c_str(), stderr);
    std::abort();  // every method but illegal() requires a legal pair
  }
  return *std::move(result.form);
}

std::optional<std::string> CudaContractionRules::misaligned(const Contraction& form,
                                                              const ContractionTiles& tiles,
                                                              const ContractionPlan& plan) const {
  return bad_vectors(form, tiles, plan.a_along_k, plan.b_along_k);
}

std::optional<std::string> CudaContractionRules::bad_streams(const Contraction& form,
                                                               const ContractionTiles& t) {
  if (t.stream_k == 0) return std::nullopt;
  if (t.stream_k != 1 || t.split_k != 1) return "stream_k is 0 or 1, and takes no splits";
  const TileGrid grid = tile_grid(form, t);
  if (grid.blocks() * grid.steps >= (std::int64_t{1} << 30))
    return "more k steps of all tiles than stream_k counts";
  return std::nullopt;
}

void CudaContractionRules::make_persistent(const Contraction& form, const ContractionTiles& t,
                                             std::int64_t resident, Launch& launch) {
  const TileGrid tiles = tile_grid(form, t);
  // Where streams are cut, there is work for as many blocks as there are steps.
  const std::int64_t blocks = tiles.blocks() * (t.stream_k != 0 ? tiles.steps : t.split_k);
  const int cluster = t.cluster_m * t.cluster_n;
  launch.grid = {std::min(blocks, std::max<std::int64_t>(cluster, resident / cluster * cluster)), 1, 1};
  launch.persistent = true;
  if (t.stream_k == 0) return;
  constexpr std::int64_t kSumBytes = 4;
  launch.workspace_zeroed_bytes = tiles.partials;
  launch.workspace_bytes = tiles.partials + 2 * launch.grid[0] * t.block_m * t.block_n * kSumBytes;
}

LaunchRules::Reading CudaContractionRules::read(const Operator& op) const {
  const auto canonical = std::make_shared<const Canonicalised>(canonicalise_contraction(op));
  return {[this, canonical](const TileProgram& program, const Hardware& hardware) {
            return canonical->form ? illegal_tiles(*canonical->form, program, hardware)
                                   : std::optional(canonical->why_not);
          },
          [this, canonical](const TileProgram& program, const Hardware& hardware) {
            const ContractionPlan decided =
                plan(canonical->form.value(), ContractionTiles::from(program), hardware);
            Resources resources;
            resources.shared_bytes = decided.shared_bytes;
            resources.registers = decided.expected_registers;
            return resources;
          }};
}

std::optional<std::string> CudaContractionRules::illegal_tiles(const Contraction& form,
                                                                 const TileProgram& program,
                                                                 const Hardware& hardware) const {
  const auto tiles = ContractionTiles::from(program);
  if (auto why = bad_block(form, tiles, hardware)) return why;
  if (auto why = unsuitable(form, tiles, hardware)) return why;
  const ContractionPlan decided = plan(form, tiles, hardware);
  if (auto why = misaligned(form, tiles, decided)) return why;
  const int available = decided.available_registers > 0
                            ? decided.available_registers
                            : LaunchBound::of(decided.needed_registers, tiles, hardware).registers;
  if (decided.needed_registers > available)
    return words("needs about {} registers per thread, {} available",
                       decided.needed_registers, available);
  return bad_shared(decided.shared_bytes, hardware);
}

Launch CudaContractionRules::bind(const Operator& op, const TileProgram& program,
                                    const Hardware& hardware) const {
  const Contraction form = cuda_contraction(op);
  const auto tiles = ContractionTiles::from(program);
  const ContractionPlan decided = plan(form, tiles, hardware);
  Launch launch = contraction_launch(form, tiles, form.accumulate == DType::f64 ? 8 : 4);
  launch.dynamic_shared_bytes = decided.shared_bytes;
  put_arguments(cuda_contraction_arguments(form, tiles, decided.tensor_copies, decided.persistent), launch);
  complete(form, tiles, decided, hardware, launch);
  return launch;
}

}  // namespace perftune
