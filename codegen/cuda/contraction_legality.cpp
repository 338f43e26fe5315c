#include "codegen/cuda/contraction_legality.hpp"

#include <algorithm>
#include <initializer_list>

#include "recipes/words.hpp"

namespace perftune {
namespace {

constexpr std::int64_t kLargestCoordinate = (std::int64_t{1} << 31) - 1024;  // tiles may overhang

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

bool vector_size(int elements, DType type) {
  return elements >= 1 && (elements & (elements - 1)) == 0 &&
         elements * static_cast<int>(size_bytes(type)) <= 16;
}

}  // namespace

std::optional<std::string> bad_block(const Contraction& form, const ContractionTiles& t,
                                     const Hardware& hardware) {
  if (hardware.kind != Hardware::Kind::gpu) return "the target is a GPU's";
  for (const int extent : {t.block_m, t.block_n, t.block_k, t.warp_m, t.warp_n, t.split_k,
                           t.slice_k, t.raster, t.cluster_m, t.cluster_n})
    if (extent < 1) return "every extent must be at least 1";
  if (t.block_m % t.warp_m != 0 || t.block_n % t.warp_n != 0)
    return "warp tiles must divide the block tile";
  if (t.block_m > 512 || t.block_n > 512 || t.block_k > 1024) return "a block extent is too large";
  if (t.threads() > hardware.sm.max_threads_per_block)
    return words("{} threads, {} allowed", t.threads(), hardware.sm.max_threads_per_block);
  if (t.stages < 2 || t.stages > 16) return "stages must be 2 to 16";
  if (t.index_bits != 32 && t.index_bits != 64) return "index_bits must be 32 or 64";
  if (t.index_bits == 32 && needs_64bit_index(form)) return "some offset needs 64 bits";
  for (const Group group : all_groups)
    if (form.extent(group) > kLargestCoordinate) return "an axis group has 2^31 points or more";
  const TileGrid grid = tile_grid(form, t);
  if (grid.blocks() >= kLargestCoordinate) return "more than 2^31 blocks";
  if (t.split_k > 65535 || t.split_k > ceil_div(form.extent(Group::k), t.block_k))
    return "more splits than steps of k";
  for (const Access& extra : form.extra)
    if (!extra.bounds.empty()) return "an epilogue operand is read outside its tensor";
  if (hardware.compute_capability < 89)
    for (const DType type : {form.c.type})
      if (type == DType::f8e4m3 || type == DType::f8e5m2)
        return "stores of 8-bit floats need sm_89";
  return std::nullopt;
}

std::optional<std::string> bad_vectors(const Contraction& form, const ContractionTiles& t,
                                       bool a_along_k, bool b_along_k) {
  const auto fits = [&](const Access& access, Group group, int vector) {
    return vector_size(vector, access.type) &&
           vector_width(form, access, group, vector) >= vector;
  };
  if (!fits(form.a, a_along_k ? Group::k : Group::m, t.vector_a))
    return words("a cannot be read in vectors of {}", t.vector_a);
  if (!fits(form.b, b_along_k ? Group::k : Group::n, t.vector_b))
    return words("b cannot be read in vectors of {}", t.vector_b);
  if (!fits(form.c, Group::n, t.vector_c))
    return words("c cannot be written in vectors of {}", t.vector_c);
  for (const Access& extra : form.extra) {
    if (extra.forms(Group::n).back() != StrideForm::unit) continue;
    const int limit = std::min(t.vector_c, 16 / static_cast<int>(size_bytes(extra.type)));
    if (vector_width(form, extra, Group::n, limit) < limit)
      return words("an epilogue operand cannot be read in vectors of {}", limit);
  }
  return std::nullopt;
}

std::optional<std::string> bad_shared(std::int64_t bytes, const Hardware& hardware) {
  if (bytes <= hardware.sm.shared_bytes_optin) return std::nullopt;
  return words("{} bytes of shared memory, {} allowed", bytes,
                     hardware.sm.shared_bytes_optin);
}

TileGrid tile_grid(const Contraction& form, const ContractionTiles& t) {
  TileGrid grid;
  grid.m = ceil_div(form.extent(Group::m), std::int64_t{t.block_m} * t.cluster_m);
  grid.n = ceil_div(form.extent(Group::n), std::int64_t{t.block_n} * t.cluster_n);
  grid.cluster = t.cluster_m * t.cluster_n;
  grid.batch = form.extent(Group::batch);
  grid.steps = ceil_div(form.extent(Group::k), t.block_k);
  grid.split_depth = ceil_div(grid.steps, t.split_k) * t.block_k;
  grid.partials = ceil_div(grid.blocks() * 4, 256) * 256;
  return grid;
}

Launch contraction_launch(const Contraction& form, const ContractionTiles& t, int sum_bytes) {
  const TileGrid grid = tile_grid(form, t);
  Launch launch;
  launch.grid = {grid.blocks(), t.split_k, 1};
  launch.block = {t.threads(), 1, 1};
  if (t.split_k > 1) {
    launch.workspace_zeroed_bytes = grid.partials;
    launch.workspace_bytes =
        grid.partials + grid.blocks() * t.split_k * t.block_m * t.block_n * sum_bytes;
  }
  return launch;
}

}  // namespace perftune
