#include "tuner/construct/contraction_cpu_problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "codegen/cpu/contraction_scalars.hpp"

namespace perftune {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// A padded operand is copied once with its padding, unless no read reaches the padding.
std::int64_t edges_of(const Access& access) {
  if (access.bounds.empty()) return CpuTiles::asked;
  return access.wide.inside() ? CpuTiles::none : CpuTiles::staged;
}

// A block of at most `most`, whole `grain`s, such that all blocks of `extent` are about as large.
std::int64_t even_block(std::int64_t extent, std::int64_t most, std::int64_t grain) {
  const std::int64_t blocks = ceil_div(extent, std::max(most, grain));
  return ceil_div(ceil_div(extent, blocks), grain) * grain;
}

}  // namespace

CpuProblem CpuProblem::of(const Contraction& form, const Hardware& hardware) {
  CpuProblem p{};
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
  p.plain = form.a.bounds.empty() && form.b.bounds.empty() &&
            std::ranges::all_of(form.groups, [](const auto& axes) { return axes.size() <= 1; });
  const CpuOperand a(form, form.a, "left", p.edges_a);
  p.left_row_bytes = a.stride(Group::m, form.group(Group::m).size() - 1) * p.element_bytes;
  return p;
}

RuleApplied register_rule(const CpuProblem& p, rules::RegisterBlock block) {
  return {"register_m register_n", "register_block",
          fmt::format("{} sums of {} registers, {} hide the FMA latency; {:.2f} loads per FMA; "
                      "{:.0f} % of {} x {} useful",
                      block.rows * block.vectors, p.cpu.vector_registers,
                      rules::sums_to_hide_latency(p.cpu), rules::loads_per_fma(block),
                      100 * rules::useful_share(block, p.m, p.n, p.lanes), p.m, p.n)};
}

void set_reading(CpuTiles& tiles, const CpuProblem& p, std::vector<RuleApplied>& rules) {
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

RuleApplied thread_rule(const CpuProblem& p, const rules::ThreadSplit& s, double imbalance) {
  return {"threads_b threads_m threads_n split_k", "thread_split",
          fmt::format("{} threads as {} x {} x {} x {} over batch, m, n, k; largest share {:.2f} of "
                      "the mean", p.threads, s.batch, s.m, s.n, s.k, imbalance)};
}

void set_threads(CpuTiles& tiles, const rules::ThreadSplit& split) {
  tiles.threads_b = split.batch, tiles.threads_m = split.m;
  tiles.threads_n = split.n, tiles.split_k = split.k;
}

std::vector<rules::ThreadSplit> splits_for(const CpuProblem& p, rules::RegisterBlock block,
                                           std::int64_t column_grain, std::size_t most) {
  const double work = static_cast<double>(p.batch) * static_cast<double>(p.m) *
                      static_cast<double>(p.n) * static_cast<double>(p.k);
  if (!rules::worth_threads(p.cpu, work, p.lanes)) return {rules::ThreadSplit{}};
  auto splits = rules::thread_splits(p.threads, p.batch, ceil_div(p.m, block.rows),
                                     ceil_div(p.n, column_grain), p.k, p.thin());
  if (splits.size() > most) splits.resize(most);
  return splits;
}

std::vector<Blocking> blockings(const CpuProblem& p, rules::RegisterBlock block,
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

}  // namespace perftune
