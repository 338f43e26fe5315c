#include "tuner/construct/contraction_cpu.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/contraction.hpp"
#include "codegen/cpu/contraction_scalars.hpp"
#include "codegen/cpu/cpu_tiles.hpp"
#include "tuner/construct/contraction_cpu_default.hpp"
#include "tuner/construct/contraction_cpu_problem.hpp"
#include "tuner/construct/proposals.hpp"

namespace perftune {
namespace {

constexpr std::int64_t few_vectors = 8;  // columns in so few vectors waste much in the last one

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

void add_tiles(Proposals& into, const CpuProblem& p, std::size_t blocks_wanted,
               std::size_t splits_wanted) {
  auto blocks = rules::register_blocks(p.cpu, p.m, p.n, p.lanes);
  if (blocks.size() > blocks_wanted) blocks.resize(blocks_wanted);
  for (const rules::RegisterBlock block : blocks) {
    const std::int64_t width = block.vectors * p.lanes;
    for (const rules::ThreadSplit& split : splits_for(p, block, width, splits_wanted)) {
      const double skew =
          rules::imbalance(split, p.batch, ceil_div(p.m, block.rows), ceil_div(p.n, width));
      for (const Blocking& blocking : blockings(p, block, split)) {
        // In place, rows would evict each other.
        if (!blocking.pack_a && block.rows > rules::rows_without_conflicts(p.cpu, p.left_row_bytes))
          continue;
        CpuTiles tiles;
        tiles.register_m = block.rows, tiles.register_n = block.vectors;
        tiles.block_m = blocking.block_m, tiles.block_n = blocking.block_n;
        tiles.block_k = blocking.block_k;
        tiles.pack_a = blocking.pack_a, tiles.pack_b = blocking.pack_b;
        tiles.rows_inner = blocking.rows_inner;
        set_threads(tiles, split);
        std::vector<RuleApplied> rules{register_rule(p, block), thread_rule(p, split, skew), blocking.rule};
        set_reading(tiles, p, rules);
        into.propose(tiles.to_program(), [&] { return rules; });
        if (rules::stores_past_caches(p.cpu, p.batch * p.m * p.n * p.element_bytes) &&
            tiles.block_k >= p.k && tiles.split_k == 1) {
          CpuTiles streaming = tiles;
          streaming.stream_c = 1;
          std::vector<RuleApplied> more = rules;
          more.push_back({"stream_c", "output_past_caches",
                          fmt::format("{} MB of output exceed a {} MB L3: lines are not read first",
                                      (p.batch * p.m * p.n * p.element_bytes) >> 20,
                                      p.cpu.l3_bytes >> 20)});
          into.propose(streaming.to_program(), [&] { return more; });
        }
        if (blocking.pack_b || p.m > 2 * CpuProblem::thin_rows) continue;
        // B is streamed with few uses per element: ask for it ahead.
        std::vector<RuleApplied> more = rules;
        tiles.prefetch = rules::prefetch_steps(p.cpu, block.rows * block.vectors);
        more.push_back({"prefetch", "memory_latency",
                        fmt::format("{} steps of {} FMAs cover 100 ns", tiles.prefetch,
                                    block.rows * block.vectors)});
        into.propose(tiles.to_program(), [&] { return more; });
        tiles.block_k = 256;
        into.propose(tiles.to_program(), [&] { return more; });
      }
    }
  }
}

void add_thin(Proposals& into, const CpuProblem& p) {
  if (!p.thin()) return;
  const std::int64_t free = p.cpu.vector_registers - 1;
  for (const std::int64_t columns : {8, 4, 6, 2, 16}) {
    if (!p.dot || columns > p.lanes) continue;
    const std::int64_t rows = std::min(p.m, (free - 1) / (columns + 1));
    if (rows < 1) continue;
    const rules::RegisterBlock block{ceil_div(p.m, ceil_div(p.m, rows)), columns};
    for (const rules::ThreadSplit& split : splits_for(p, block, columns, 2))
      for (const std::int64_t ahead : {std::int64_t{0}, rules::prefetch_steps(p.cpu, 4)}) {
        CpuTiles tiles;
        tiles.form = CpuTiles::dot;
        tiles.register_m = block.rows, tiles.register_n = columns;
        tiles.unroll = 2;
        tiles.prefetch = ahead;
        set_threads(tiles, split);
        std::vector<RuleApplied> rules{
            {"form", "stream_b_along_k",
             fmt::format("m = {} reuses B too little to pack it; both operands lie along k", p.m)},
            {"register_m register_n", "dot_block", fmt::format("{} rows x {} columns of sums", block.rows, columns)},
            thread_rule(p, split, 1)};
        set_reading(tiles, p, rules);
        into.propose(tiles.to_program(), [&] { return rules; });
        if (p.plain && split.k == 1) into.serves_any_shape(tiles.to_program());
      }
  }
  for (const std::int64_t steps : {8, 4, 2}) {
    if (!p.axpy) continue;
    const std::int64_t rows = std::min(p.m, free / (steps + 1));
    const rules::RegisterBlock block{ceil_div(p.m, ceil_div(p.m, rows)), 1};
    for (const rules::ThreadSplit& split : splits_for(p, block, p.lanes, 3))
      for (const std::int64_t ahead : {std::int64_t{0}, std::int64_t{32}}) {
        CpuTiles tiles;
        tiles.form = CpuTiles::axpy;
        tiles.register_m = block.rows, tiles.register_n = 1;
        tiles.unroll = steps, tiles.prefetch = ahead;
        tiles.block_n = p.cpu.l1_bytes / 2 / (block.rows * p.element_bytes) / p.lanes * p.lanes;
        set_threads(tiles, split);
        std::vector<RuleApplied> rules{
            {"form", "stream_b_along_n",
             fmt::format("m = {}: {} rows of B side by side in memory order", p.m, steps)},
            {"block_n", "strip_in_l1",
             fmt::format("{} rows x {} columns of sums are half of L1", block.rows, tiles.block_n)},
            thread_rule(p, split, 1)};
        set_reading(tiles, p, rules);
        into.propose(tiles.to_program(), [&] { return rules; });
        if (p.plain && split.k == 1) into.serves_any_shape(tiles.to_program());
      }
  }
}

}  // namespace

std::vector<Constructed> ContractionCpuConstructor::construct(const Operator& op,
                                                              const Hardware& hardware, int wanted,
                                                              std::string& why_not) const {
  const Canonicalised canonical = canonicalise_contraction(op);
  if (!canonical.form) {
    why_not = canonical.why_not;
    return {};
  }
  const CpuProblem problem = CpuProblem::of(*canonical.form, hardware);
  CpuTiles other;
  other.turned = 1;
  CpuProblem turned = CpuProblem::of(tiled_form(*canonical.form, other), hardware);
  turned.turned = true;
  // Columns that leave lanes idle may do better as rows.
  const bool ragged = problem.n < few_vectors * problem.lanes &&
                      static_cast<double>(problem.n) < 0.85 * static_cast<double>(ceil_div(problem.n, problem.lanes) * problem.lanes) &&
                      turned.n >= few_vectors * turned.lanes;
  const bool turns = (problem.right_in_runs || ragged) && !turned.pack_left;
  Proposals found(emitter_, op, hardware);
  if (problem.thin() && problem.dot) add_thin(found, problem);  // packing would cost more than the product
  add_contraction_defaults(found, problem, turns ? &turned : nullptr);
  add_thin(found, problem);
  // Widen what is tried until there are enough: first more register blocks, then more splits.
  for (std::size_t blocks = 6, splits = 3;; blocks += 3, ++splits) {
    add_tiles(found, problem, blocks, splits);
    if (turns) add_tiles(found, turned, blocks, splits);
    if (found.count() >= static_cast<std::size_t>(std::max(1, wanted)) || blocks > 16) break;
  }
  if (found.count() == 0) why_not = found.why_not();
  return found.take();
}

}  // namespace perftune
