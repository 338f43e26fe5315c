#include "tuner/construct/row_cpu.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/row.hpp"
#include "tuner/construct/operand_reuse.hpp"
#include "tuner/construct/proposals.hpp"
#include "tuner/construct/row_cpu_default.hpp"
#include "tuner/construct/row_cpu_problem.hpp"

namespace perftune {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

using Problem = CpuRowProblem;

std::vector<std::int64_t> streams(const Problem& p) {
  return p.may_stream() ? std::vector<std::int64_t>{1, 0} : std::vector<std::int64_t>{0};
}

void add_along_columns(Proposals& into, const Problem& p) {
  const std::int64_t vectors = ceil_div(p.form.columns().back().extent, p.lanes);
  std::vector<std::int64_t> keeps{0};
  if (!p.form.reused_elements().empty()) keeps = {1, 0};
  for (const RowShare& share : row_shares(p, p.form.row_count()))
    for (const std::int64_t unroll : {4, 2, 8, 1}) {
      if (unroll > 1 && unroll > vectors) continue;
      for (const std::int64_t keep : keeps)
        for (const std::int64_t stream : streams(p)) {
          CpuRowTiles t;
          t.unroll = unroll, t.tasks = share.tasks, t.split = share.split, t.keep = keep, t.stream = stream;
          into.propose(t.to_program(p.family), [&]() -> std::vector<RuleApplied> {
            return {direction_rule(p, Group::k),
                    share.rule,
                    {"unroll", "independent_sums",
                     fmt::format("{} of {} vectors of a row at a time; an addition takes {} cycles",
                                 unroll, vectors, p.cpu.fma_latency)},
                    {"keep", "elements_between_passes",
                     keep ? "computed once, kept in a row buffer" : "computed again or used once"},
                    {"stream", "stores_past_caches",
                     stream ? fmt::format("{:.0f} MiB of output exceed the caches",
                                          p.output_bytes / 1048576)
                            : "output stays in cache"}};
          });
        }
    }
}

void add_along_rows(Proposals& into, const Problem& p) {
  const auto& rows = p.form.rows();
  const std::int64_t vectors = ceil_div(rows.back().extent, p.lanes);
  const std::int64_t second = rows.size() > 1 ? rows[rows.size() - 2].extent : 1;
  std::vector<std::int64_t> unrolls{4, 8, 2, 16, 1};
  if (vectors <= 16) unrolls.insert(unrolls.begin(), vectors);  // all lanes of a row at once
  for (const std::int64_t unroll : unrolls) {
    if (unroll > 1 && unroll > vectors) continue;
    for (const std::int64_t tile : {1, 4, 2, 8}) {
      if (tile > second || unroll * tile > p.cpu.vector_registers) continue;
      const std::int64_t units = p.form.row_count() / rows.back().extent * ceil_div(vectors, unroll) / tile;
      const bool window = p.small_window();
      for (const RowShare& share : row_shares(p, units))
        for (const std::int64_t stream : streams(p))
          for (const auto& [stage, step] : {std::pair{1, 0}, {2, 0}, {0, 2}, {0, 0}}) {
            if (stage != 0 && !window) continue;
            CpuRowTiles t;
            t.lanes = 1, t.unroll = unroll, t.tile = tile, t.tasks = share.tasks, t.split = share.split;
            t.stream = stream, t.lane_step = step, t.stage = stage;
            if (window && share.split == 1) set_window(t, p.form);
            const auto strided = [](const RowAccess& r) { return r.at.forms(Group::m).back() == StrideForm::run_time; };
            if (step != 0 && std::none_of(p.form.reads.begin(), p.form.reads.end(), strided)) continue;
            // Too long to lay out, or not f32: counted at run time.
            if (t.unrolled() && stage == 0 && !into.legal(t.to_program(p.family)))
              t.window0 = t.window1 = t.window2 = 0;
            into.propose(t.to_program(p.family), [&]() -> std::vector<RuleApplied> {
              return {direction_rule(p, Group::m),
                      share.rule,
                      {"unroll tile", "register_tile",
                       fmt::format("{} x {} vectors of rows over {} registers; reads that a tile "
                                   "shares are done once",
                                   tile, unroll, p.cpu.vector_registers)},
                      {"window0 window1 window2", "constant_window",
                       t.unrolled() ? fmt::format("{} columns are laid out one after the other", p.form.column_count())
                                    : "columns are counted at run time"},
                      {"stage", "padded_plane",
                       stage != 0 ? "a plane is copied with its padding: edges cost what the inside does"
                                  : "read where it lies"},
                      {"lane_step", "window_stride",
                       step ? "neighbouring windows are 2 apart: two loads and a shuffle"
                            : "contiguous, or distance known at run time"}};
            });
          }
    }
  }
}

}  // namespace

std::vector<Constructed> RowCpuConstructor::construct(const Operator& op, const Hardware& hardware,
                                                      int, std::string& why_not) const {
  if (const auto why = better_contracted(op)) {
    why_not = *why;
    return {};
  }
  const auto canonical = canonicalise_rows(op);
  if (!canonical.form) {
    why_not = canonical.why_not;
    return {};
  }
  const RowForm& form = *canonical.form;
  if (row_family(form) != family()) {
    why_not = fmt::format("the operator belongs to the {} family", row_family(form));
    return {};
  }
  const Problem problem = CpuRowProblem::of(op, form, hardware);
  const bool columns_first = problem.columns_first();
  Proposals found(emitter_, op, hardware);
  add_row_defaults(found, problem);
  if (columns_first) add_along_columns(found, problem);
  add_along_rows(found, problem);
  if (!columns_first) add_along_columns(found, problem);
  if (found.count() == 0) why_not = found.why_not();
  return found.take();
}

}  // namespace perftune
