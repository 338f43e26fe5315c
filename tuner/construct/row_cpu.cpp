#include "tuner/construct/row_cpu.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/cpu/row_tiles.hpp"
#include "codegen/row.hpp"
#include "tuner/construct/operand_reuse.hpp"
#include "tuner/construct/proposals.hpp"

namespace perftune {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Bytes per column point of reads and stores that are contiguous along the lanes of a direction, and
// of those that are neither contiguous nor the same for all lanes.
struct Traffic {
  double contiguous = 0, scattered = 0;
};

void count(const Access& access, Group lanes, Traffic& into) {
  const auto bytes = static_cast<double>(size_bytes(access.type));
  const StrideForm form = access.forms(lanes).back();
  if (form == StrideForm::unit) into.contiguous += bytes;
  if (form == StrideForm::run_time) into.scattered += bytes;
}

Traffic traffic(const RowForm& form, Group lanes) {
  Traffic t;
  for (const RowAccess& read : form.reads)
    if (read.indexed_by(Group::k)) count(read.at, lanes, t);
  for (const auto& output : form.outputs)
    if (output.by_columns) count(output.at, lanes, t);
  return t;
}

struct Problem {
  const RowForm& form;
  std::string family;
  std::int64_t lanes, threads;
  double bytes, output_bytes;
  CpuLimits cpu;
  bool worth_threads() const { return bytes > 64 * 1024; }
};

RuleApplied direction_rule(const Problem& p, Group lanes) {
  const Traffic t = traffic(p.form, lanes);
  return {"lanes", "vectors_along_contiguous_axis",
          fmt::format("along {}: {:g} bytes per point contiguous, {:g} scattered",
                      lanes == Group::m ? "rows" : "columns", t.contiguous, t.scattered)};
}

// Tasks: one per thread; more where rows differ in cost is for the measurement to tell.
struct Share {
  std::int64_t tasks, split;
  RuleApplied rule;
};
std::vector<Share> shares(const Problem& p, std::int64_t units) {
  if (p.threads == 1 || !p.worth_threads())
    return {{1, 1, {"tasks", "worth_threads", fmt::format("{:.0f} KiB are done before threads have started", p.bytes / 1024)}}};
  std::vector<Share> all;
  if (units >= p.threads) {
    all.push_back({p.threads, 1, {"tasks", "one_per_thread", fmt::format("{} units over {} threads", units, p.threads)}});
    if (units >= 8 * p.threads)
      all.push_back({4 * p.threads, 1, {"tasks", "finer_than_threads", "uneven rows even out"}});
  }
  if (units < 4 * p.threads && p.form.is_reduction())
    all.push_back({p.threads, p.threads, {"split", "split_columns", fmt::format("{} units leave threads idle: columns in {} parts, added in order", units, p.threads)}});
  all.push_back({1, 1, {"tasks", "single_thread", "no start of threads"}});
  return all;
}

std::vector<std::int64_t> streams(const Problem& p) {
  const bool stores_columns = std::any_of(p.form.outputs.begin(), p.form.outputs.end(), [](const auto& o) { return o.by_columns; });
  if (!stores_columns || p.output_bytes < static_cast<double>(p.cpu.l3_bytes) / 4) return {0};
  return {1, 0};
}

void add_along_columns(Proposals& into, const Problem& p) {
  const std::int64_t vectors = ceil_div(p.form.columns().back().extent, p.lanes);
  std::vector<std::int64_t> keeps{0};
  if (!p.form.reused_elements().empty()) keeps = {1, 0};
  for (const Share& share : shares(p, p.form.row_count()))
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

bool small_window(const RowForm& form) {
  constexpr std::int64_t most = 25;
  return form.passes() == 1 && form.columns().size() <= 3 && form.column_count() > 1 && form.column_count() <= most;
}

void set_window(CpuRowTiles& t, const RowForm& form) {
  std::int64_t* const window[] = {&t.window0, &t.window1, &t.window2};
  for (std::size_t i = 0; i < form.columns().size(); ++i) *window[i] = form.columns()[i].extent;
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
      const bool window = small_window(p.form);
      for (const Share& share : shares(p, units))
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
  double outputs = 0;
  for (const int t : op.outputs()) outputs += static_cast<double>(op.tensors[static_cast<std::size_t>(t)].bytes());
  const Problem problem{
      form,
      row_family(form),
      hardware.cpu.simd_bits / 8 / static_cast<std::int64_t>(size_bytes(form.value)),
      std::max(1, hardware.cpu.cores),
      op.compulsory_bytes(),
      outputs,
      hardware.cpu};
  const Traffic columns = traffic(form, Group::k), rows = traffic(form, Group::m);
  // A tie is a window: its rows are long, its columns are few.
  const double better = columns.contiguous - columns.scattered - (rows.contiguous - rows.scattered);
  const bool columns_first = better > 0 || (better == 0 && form.columns().back().extent >= problem.lanes);
  Proposals found(emitter_, op, hardware);
  if (columns_first) add_along_columns(found, problem);
  add_along_rows(found, problem);
  if (!columns_first) add_along_columns(found, problem);
  if (found.count() == 0) why_not = found.why_not();
  return found.take();
}

}  // namespace perftune
