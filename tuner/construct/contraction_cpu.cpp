#include "tuner/construct/contraction_cpu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "codegen/contraction.hpp"
#include "codegen/cpu/contraction_scalars.hpp"
#include "codegen/cpu/cpu_tiles.hpp"
#include "tuner/construct/cpu_rules.hpp"
#include "tuner/construct/proposals.hpp"

namespace perftune {
namespace {

constexpr std::int64_t thin_rows = 16;  // fewer rows than this cannot reuse B from registers much

constexpr std::int64_t few_vectors = 8;  // columns in so few vectors waste much in the last one

// What construction needs to know of the operator.
struct Problem {
  std::int64_t batch, m, n, k;
  std::int64_t lanes, element_bytes, threads;
  bool pack_left, pack_right;  // must be packed: converted, padded or scattered
  bool left_scattered;         // reads of A along k touch a new line each step
  bool dot, axpy;              // layouts that the thin forms need
  std::int64_t left_row_bytes;
  std::int64_t edges_a, edges_b, staged_bytes;
  bool right_in_runs;  // gathered columns: neither they nor steps lie side by side throughout
  bool turned;         // rows and columns have changed places
  CpuLimits cpu;
};

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// A padded operand is copied once with its padding, unless no read reaches the padding.
std::int64_t edges_of(const Access& access) {
  if (access.bounds.empty()) return CpuTiles::asked;
  return access.wide.inside() ? CpuTiles::none : CpuTiles::staged;
}

Problem describe(const Contraction& form, const Hardware& hardware) {
  Problem p{};
  p.batch = form.extent(Group::batch), p.m = form.extent(Group::m);
  p.n = form.extent(Group::n), p.k = form.extent(Group::k);
  p.cpu = hardware.cpu;
  p.element_bytes = static_cast<std::int64_t>(size_bytes(form.accumulate));
  p.lanes = hardware.cpu.simd_bits / 8 / p.element_bytes;
  p.threads = std::max(1, hardware.cpu.cores);
  p.edges_a = edges_of(form.a), p.edges_b = edges_of(form.b);
  for (const auto& [access, edges] : {std::pair{&form.a, p.edges_a}, {&form.b, p.edges_b}})
    if (edges == CpuTiles::staged) p.staged_bytes += access->wide.elements() * p.element_bytes;
  const bool left_in_place = readable_in_place(form.a, p.edges_a, form.accumulate);
  const bool right_in_place = readable_in_place(form.b, p.edges_b, form.accumulate);
  const char right = contiguous_group(form.b, {Group::n, Group::k});
  p.pack_left = !left_in_place;
  p.left_scattered = form.a.forms(Group::k).back() != StrideForm::unit;
  p.pack_right = !right_in_place || !right_in_rows(form, p.edges_b);
  p.right_in_runs = p.pack_right && right == '0';
  p.dot = left_in_place && right_in_place && right == 'k' &&
          contiguous_group(form.a, {Group::k}) == 'k';
  p.axpy = left_in_place && right_in_place && right == 'n';
  const CpuOperand a(form, form.a, "left", p.edges_a);
  p.left_row_bytes = a.stride(Group::m, form.group(Group::m).size() - 1) * p.element_bytes;
  return p;
}

RuleApplied register_rule(const Problem& p, rules::RegisterBlock block) {
  return {"register_m register_n", "register_block",
          fmt::format("{} sums of {} registers, {} hide the FMA latency; {:.2f} loads per FMA; "
                      "{:.0f} % of {} x {} useful",
                      block.rows * block.vectors, p.cpu.vector_registers,
                      rules::sums_to_hide_latency(p.cpu), rules::loads_per_fma(block),
                      100 * rules::useful_share(block, p.m, p.n, p.lanes), p.m, p.n)};
}

// What every program of the problem shares: how edges are treated, which operand is which.
void set_reading(CpuTiles& tiles, const Problem& p, std::vector<RuleApplied>& rules) {
  tiles.edges_a = p.edges_a, tiles.edges_b = p.edges_b;
  if (p.turned) {
    tiles.turned = 1;
    rules.push_back({"turned", "gathered_operand_broadcast",
                     "what would be gathered or leave lanes idle is read element by element in place; tiles turn "
                     "when they are stored"});
  }
  if (p.staged_bytes > 0)
    rules.push_back({"edges_a edges_b", "edges_outside_the_loop",
                     fmt::format("the padded operand is copied once with its padding, {} KB: no read tests an edge",
                                 p.staged_bytes >> 10)});
  else if (p.edges_a == CpuTiles::none || p.edges_b == CpuTiles::none)
    rules.push_back({"edges_a edges_b", "edges_outside_the_loop", "no window reaches the padding: nothing is tested"});
}

RuleApplied thread_rule(const Problem& p, const rules::ThreadSplit& s, double imbalance) {
  return {"threads_b threads_m threads_n split_k", "thread_split",
          fmt::format("{} threads as {} x {} x {} x {} over batch, m, n, k; largest share {:.2f} of "
                      "the mean", p.threads, s.batch, s.m, s.n, s.k, imbalance)};
}

void set_threads(CpuTiles& tiles, const rules::ThreadSplit& split) {
  tiles.threads_b = split.batch, tiles.threads_m = split.m;
  tiles.threads_n = split.n, tiles.split_k = split.k;
}

std::vector<rules::ThreadSplit> splits_for(const Problem& p, rules::RegisterBlock block,
                                           std::int64_t column_grain, std::size_t most) {
  const double work = static_cast<double>(p.batch) * static_cast<double>(p.m) *
                      static_cast<double>(p.n) * static_cast<double>(p.k);
  if (!rules::worth_threads(p.cpu, work, p.lanes)) return {rules::ThreadSplit{}};
  auto splits = rules::thread_splits(p.threads, p.batch, ceil_div(p.m, block.rows),
                                     ceil_div(p.n, column_grain), p.k, p.m <= thin_rows);
  if (splits.size() > most) splits.resize(most);
  return splits;
}

// How B and A are blocked and packed, given the register block and the thread split.
struct Blocking {
  std::int64_t block_m, block_n, block_k;
  bool pack_a, pack_b, rows_inner;
  RuleApplied rule;
};

// A block of at most `most`, whole `grain`s, such that all blocks of `extent` are about as large.
std::int64_t even_block(std::int64_t extent, std::int64_t most, std::int64_t grain) {
  const std::int64_t blocks = ceil_div(extent, std::max(most, grain));
  return ceil_div(ceil_div(extent, blocks), grain) * grain;
}

std::vector<Blocking> blockings(const Problem& p, rules::RegisterBlock block,
                                const rules::ThreadSplit& split) {
  constexpr std::int64_t all = 1 << 20;
  constexpr std::int64_t k_grain = 16;  // a line of f32
  const std::int64_t width = block.vectors * p.lanes;
  const std::int64_t my_m = ceil_div(p.m, split.m), my_n = ceil_div(p.n, split.n);
  const std::int64_t my_k = ceil_div(p.k, split.k);
  const std::int64_t right_bytes = my_k * my_n * p.element_bytes;
  const bool big = rules::packing_pays(p.cpu, right_bytes, ceil_div(my_m, block.rows));
  std::vector<Blocking> found;
  if (!p.pack_left && !p.pack_right)
    found.push_back({all, all, all, false, false, true,
                     {"pack_a pack_b", "read_in_place",
                      fmt::format("B's share of {} KB is read where it lies", right_bytes >> 10)}});
  const auto depth_for = [&](std::int64_t most) {
    return most >= my_k ? all : even_block(my_k, most, k_grain);
  };

  // B stays in L2: blocks of whole k, or of so many steps that one panel is a part of L2 or L1.
  std::set<std::int64_t> depths{all};
  for (const double share : {1.0 / 4, 1.0 / 8})
    depths.insert(depth_for(rules::steps_in_l2(p.cpu, width, p.element_bytes, share)));
  depths.insert(depth_for(rules::steps_in_l1(p.cpu, width, p.element_bytes, 1.0)));
  for (const std::int64_t depth : depths) {
    const std::int64_t steps = std::min(depth, my_k);
    const std::int64_t columns = even_block(
        my_n, rules::columns_in_l2(p.cpu, steps, width, p.element_bytes, 3.0 / 4), width);
    for (const bool pack_a : {false, true}) {
      if (!pack_a && p.pack_left) continue;
      if (pack_a && !p.pack_left && !big && !p.left_scattered) continue;
      const std::int64_t rows = pack_a ? even_block(my_m, 1024, block.rows) : all;
      found.push_back({rows, columns, depth, pack_a, true, true,
                       {"block_n block_k", "b_block_in_l2",
                        fmt::format("{} steps x {} columns are {} KB of a {} KB L2", steps, columns,
                                    (steps * columns * p.element_bytes) >> 10,
                                    p.cpu.l2_bytes >> 10)}});
    }
  }
  if (!big) return found;

  // An A panel stays in L1 and A's block in L2, while B's panels pass from L3.
  for (const double share : {1.0 / 2, 1.0 / 3}) {
    const std::int64_t depth =
        depth_for(rules::steps_in_l1(p.cpu, block.rows, p.element_bytes, share));
    const std::int64_t steps = std::min(depth, my_k);
    const std::int64_t rows = even_block(
        my_m, rules::columns_in_l2(p.cpu, steps, block.rows, p.element_bytes, 1.0 / 2), block.rows);
    const std::int64_t columns = even_block(
        my_n, rules::columns_in_l3(p.cpu, p.threads, steps, width, p.element_bytes, 1.0 / 2), width);
    found.push_back({rows, columns, depth, true, true, false,
                     {"block_m block_n block_k", "a_panel_in_l1",
                      fmt::format("a panel of {} rows x {} steps is {} KB of a {} KB L1; {} rows are "
                                  "{} KB of a {} KB L2", block.rows, steps,
                                  (steps * block.rows * p.element_bytes) >> 10, p.cpu.l1_bytes >> 10,
                                  rows, (steps * rows * p.element_bytes) >> 10,
                                  p.cpu.l2_bytes >> 10)}});
  }
  return found;
}

void add_tiles(Proposals& into, const Problem& p, std::size_t blocks_wanted,
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
        if (blocking.pack_b || p.m > 2 * thin_rows) continue;
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

void add_thin(Proposals& into, const Problem& p) {
  if (p.m > thin_rows) return;
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
      }
  }
}

// Right for every shape and layout: packs both operands, splits rows or columns.
void add_default(Proposals& into, const Problem& p) {
  const std::int64_t vectors = p.cpu.vector_registers >= 32 ? 3 : 2;
  CpuTiles tiles;
  tiles.register_n = vectors;
  tiles.register_m = std::min<std::int64_t>(8, rules::rows_that_fit(p.cpu, vectors));
  tiles.pack_a = tiles.pack_b = 1;
  tiles.block_k = p.k > 1024 ? p.k : 1024;
  tiles.block_n = rules::columns_in_l2(p.cpu, std::min(tiles.block_k, p.k), vectors * p.lanes,
                                       p.element_bytes, 0.5);
  (p.m > p.n ? tiles.threads_m : tiles.threads_n) = p.threads;
  if (p.batch >= p.threads) {
    tiles.threads_m = tiles.threads_n = 1;
    tiles.threads_b = p.threads;
  }
  std::vector<RuleApplied> rules{{"register_m register_n", "default_program", "packs both operands; any layout"}};
  set_reading(tiles, p, rules);
  into.propose(tiles.to_program(), [&] { return rules; });
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
  const Problem problem = describe(*canonical.form, hardware);
  CpuTiles other;
  other.turned = 1;
  Problem turned = describe(tiled_form(*canonical.form, other), hardware);
  turned.turned = true;
  // Columns that leave lanes idle may do better as rows.
  const bool ragged = problem.n < few_vectors * problem.lanes &&
                      static_cast<double>(problem.n) < 0.85 * static_cast<double>(ceil_div(problem.n, problem.lanes) * problem.lanes) &&
                      turned.n >= few_vectors * turned.lanes;
  const bool turns = (problem.right_in_runs || ragged) && !turned.pack_left;
  Proposals found(emitter_, op, hardware);
  add_default(found, problem);
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
