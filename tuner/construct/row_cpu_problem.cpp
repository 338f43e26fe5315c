#include "tuner/construct/row_cpu_problem.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tuner/construct/cpu_rules.hpp"

namespace perftune {
namespace {

// What a byte costs that is not contiguous along the lanes, over one that is: loaded lane by lane, or two
// loads and a shuffle where every second element is wanted (CpuRowTiles::lane_step).
constexpr double kScattered = 32, kEverySecond = 3;
constexpr double kFolded = 2;  // columns that are less than a vector: lanes are folded after every few of them

void count(const Access& access, Group lanes, LaneTraffic& into) {
  const auto bytes = static_cast<double>(size_bytes(access.type));
  const StrideForm form = access.forms(lanes).back();
  if (form == StrideForm::unit) into.contiguous += bytes;
  if (form != StrideForm::run_time) into.cost += bytes;  // the same for all lanes: a load, too
  if (form != StrideForm::run_time) return;
  into.scattered += bytes;
  into.cost += bytes * (access.strides(lanes).back() == 2 ? kEverySecond : kScattered);
}

}  // namespace

LaneTraffic lane_traffic(const RowForm& form, Group lanes) {
  LaneTraffic t;
  for (const RowAccess& read : form.reads)
    if (read.indexed_by(Group::k)) count(read.at, lanes, t);
  for (const auto& output : form.outputs)
    if (output.by_columns) count(output.at, lanes, t);
  return t;
}

CpuRowProblem CpuRowProblem::of(const Operator& op, const RowForm& form, const Hardware& hardware) {
  double outputs = 0;
  for (const int t : op.outputs()) outputs += static_cast<double>(op.tensors[static_cast<std::size_t>(t)].bytes());
  return {form,
          row_family(form),
          hardware.cpu.simd_bits / 8 / static_cast<std::int64_t>(size_bytes(form.value)),
          std::max(1, hardware.cpu.cores),
          op.compulsory_bytes(),
          outputs,
          hardware.cpu};
}

bool CpuRowProblem::columns_first() const {
  const auto cost = [&](Group group) {
    const LaneTraffic t = lane_traffic(form, group);
    const std::int64_t extent = (group == Group::k ? form.columns() : form.rows()).back().extent;
    const std::int64_t in_vectors = (extent + lanes - 1) / lanes * lanes;
    return t.cost * (group == Group::k && extent < lanes ? kFolded : 1) * static_cast<double>(in_vectors) / static_cast<double>(extent);
  };
  const double columns = cost(Group::k), rows = cost(Group::m);
  return columns < rows || (columns == rows && form.columns().back().extent >= lanes);
}

bool CpuRowProblem::small_window() const {
  constexpr std::int64_t most = 25;
  return form.passes() == 1 && form.columns().size() <= 3 && form.column_count() > 1 && form.column_count() <= most;
}

bool CpuRowProblem::may_stream() const {
  return std::any_of(form.outputs.begin(), form.outputs.end(), [](const auto& o) { return o.by_columns; }) &&
         output_bytes >= static_cast<double>(cpu.l3_bytes) / 4;
}

bool CpuRowProblem::outgrows_caches() const {
  return rules::stores_past_caches(cpu, static_cast<std::int64_t>(bytes));
}

std::vector<RowShare> row_shares(const CpuRowProblem& p, std::int64_t units) {
  if (p.threads == 1 || !p.worth_threads())
    return {{1, 1, {"tasks", "worth_threads", fmt::format("{:.0f} KiB are done before threads have started", p.bytes / 1024)}}};
  std::vector<RowShare> all;
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

void set_window(CpuRowTiles& t, const RowForm& form) {
  std::int64_t* const window[] = {&t.window0, &t.window1, &t.window2};
  for (std::size_t i = 0; i < form.columns().size(); ++i) *window[i] = form.columns()[i].extent;
}

RuleApplied direction_rule(const CpuRowProblem& p, Group lanes) {
  const LaneTraffic t = lane_traffic(p.form, lanes);
  return {"lanes", "vectors_along_contiguous_axis",
          fmt::format("along {}: {:g} bytes per point contiguous, {:g} scattered",
                      lanes == Group::m ? "rows" : "columns", t.contiguous, t.scattered)};
}

}  // namespace perftune
