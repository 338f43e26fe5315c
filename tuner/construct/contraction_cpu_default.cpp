#include "tuner/construct/contraction_cpu_default.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>

namespace perftune {
namespace {

constexpr std::int64_t panel_rows = 256;  // rows that share packed panels of B until packing is lost in the rest
constexpr std::int64_t turned_depth = 64;  // steps that pay for turning a tile

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Packs both operands and splits rows or columns: right for every layout.
CpuTiles packed_default(const CpuProblem& p) {
  const std::int64_t vectors = p.cpu.vector_registers >= 32 ? 3 : 2;
  CpuTiles tiles;
  tiles.register_n = vectors;
  tiles.register_m = std::min<std::int64_t>(8, rules::rows_that_fit(p.cpu, vectors));
  tiles.pack_a = tiles.pack_b = 1;
  tiles.block_n = rules::columns_in_l2(p.cpu, p.k, vectors * p.lanes, p.element_bytes, 0.5);
  if (p.batch >= p.threads) tiles.threads_b = p.threads;
  else (p.m > p.n ? tiles.threads_m : tiles.threads_n) = p.threads;
  return tiles;
}

// Multiply-adds of the busiest thread, padding counted, over what latency and loads leave of the pipes.
double busiest_thread(const CpuProblem& p, rules::RegisterBlock block, const rules::ThreadSplit& split) {
  const std::int64_t all_vectors = ceil_div(p.n, p.lanes);
  const std::int64_t rows = ceil_div(ceil_div(p.m, block.rows), split.m) * block.rows;
  const std::int64_t vectors = std::min(ceil_div(ceil_div(all_vectors, block.vectors), split.n) * block.vectors, all_vectors);
  const double sums = static_cast<double>(ceil_div(p.batch, split.batch) * rows * vectors) * static_cast<double>(ceil_div(p.k, split.k));
  const double hidden = std::min(1.0, static_cast<double>(block.rows * block.vectors) /
                                          static_cast<double>(rules::sums_to_hide_latency(p.cpu)));
  // A's elements come from L1, B's vectors from L2 at half the rate: tall tiles ask for fewer of them.
  const double loads = 2.0 / static_cast<double>(block.rows) + 1.0 / static_cast<double>(block.vectors);
  // Each thread reads what it does not share: less where the operand that is larger is split.
  const double reads = static_cast<double>(p.m) / static_cast<double>(split.m) + static_cast<double>(p.n) / static_cast<double>(split.n);
  return sums / hidden * (1 + 0.15 * loads) * (1 + 0.01 * reads / static_cast<double>(p.m + p.n)) *
         (split.k > 1 ? 1.1 : 1);  // partial sums are added up
}

// Panels of A in L1 where B is large and enough rows use what is packed of it; else in place where that is
// possible; else as much of k as leaves a panel of B a quarter of L2.
std::optional<CpuTiles> blocked(const Proposals& into, const CpuProblem& p, rules::RegisterBlock block,
                                const rules::ThreadSplit& split) {
  std::vector<Blocking> all = blockings(p, block, split);
  const auto rank = [&](const Blocking& b) {
    const double panel = static_cast<double>(std::min(b.block_k, p.k) * block.vectors * p.lanes * p.element_bytes);
    const bool fits = panel <= static_cast<double>(p.cpu.l2_bytes) / 4;
    const bool many_rows = ceil_div(p.m, split.m) >= panel_rows;
    return std::tuple(b.rows_inner == many_rows, b.pack_b, !fits, fits ? -std::min(b.block_k, p.k) : b.block_k, b.pack_a);
  };
  std::stable_sort(all.begin(), all.end(), [&](const Blocking& a, const Blocking& b) { return rank(a) < rank(b); });
  for (const Blocking& blocking : all) {
    if (!blocking.pack_a && block.rows > rules::rows_without_conflicts(p.cpu, p.left_row_bytes)) continue;
    CpuTiles tiles;
    tiles.register_m = block.rows, tiles.register_n = block.vectors;
    tiles.block_m = blocking.block_m, tiles.block_n = blocking.block_n, tiles.block_k = blocking.block_k;
    tiles.pack_a = blocking.pack_a, tiles.pack_b = blocking.pack_b;
    tiles.rows_inner = blocking.rows_inner;
    tiles.edges_a = p.edges_a, tiles.edges_b = p.edges_b, tiles.turned = p.turned;
    set_threads(tiles, split);
    tiles.stream_c = rules::stores_past_caches(p.cpu, p.batch * p.m * p.n * p.element_bytes);
    for (; tiles.stream_c >= 0; --tiles.stream_c)
      if (into.legal(tiles.to_program())) return tiles;
  }
  return std::nullopt;
}

// The register block and the split of threads whose busiest thread has least to do.
std::optional<CpuTiles> ruled_default(const Proposals& into, const CpuProblem& p) {
  double least = std::numeric_limits<double>::infinity();
  std::optional<CpuTiles> best;
  for (const rules::RegisterBlock block : rules::register_blocks(p.cpu, p.m, p.n, p.lanes))
    for (const rules::ThreadSplit& split : splits_for(p, block, block.vectors * p.lanes, 16)) {
      const double work = busiest_thread(p, block, split);
      if (work >= least * (1 - 1e-9)) continue;
      if (const auto tiles = blocked(into, p, block, split)) best = tiles, least = work;
    }
  return best;
}

// Whether its legality follows from layouts and types alone.
bool for_any_shape(const CpuTiles& t, const CpuProblem& p) {
  const bool staged = t.edges_a != CpuTiles::none && t.edges_b != CpuTiles::none;
  const bool any_layout = p.plain || (t.form == CpuTiles::tile && t.pack_a != 0 && t.pack_b != 0);
  return staged && any_layout && t.turned == 0 && t.split_k == 1 && t.block_k == CpuTiles().block_k;
}

}  // namespace

void add_contraction_defaults(Proposals& into, const CpuProblem& p, const CpuProblem* turned) {
  const auto propose = [&](CpuTiles tiles, const CpuProblem& of, const char* why) {
    std::vector<RuleApplied> rules{{"register_m register_n", "default_program", why}};
    set_reading(tiles, of, rules);
    into.propose(tiles.to_program(), [&] { return rules; });
    if (for_any_shape(tiles, of)) into.serves_any_shape(tiles.to_program());
  };
  const CpuProblem& first = turned != nullptr && p.k >= turned_depth ? *turned : p;
  if (const auto tiles = ruled_default(into, first)) propose(*tiles, first, "the least work for the busiest thread");
  CpuProblem copied = p;  // padding is copied even where this shape reads none
  for (std::int64_t* edges : {&copied.edges_a, &copied.edges_b})
    if (*edges == CpuTiles::none) *edges = CpuTiles::staged;
  propose(packed_default(p), copied, "packs both operands; any layout");
}

}  // namespace perftune
