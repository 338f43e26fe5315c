#include "cli/dispatch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "db/other_shapes.hpp"

namespace perftune {
namespace {

const TuneResult* result_of(const std::vector<TuneResult>& results, const Operator& op) {
  const std::string signature = op.signature();
  const auto found = std::ranges::find(results, signature, &TuneResult::signature);
  return found == results.end() || found->best.empty() || !found->parts.empty() ? nullptr : &*found;
}

void remember(const DispatchedRange& range, const Hardware& hardware, TrialRunner& runner, Store& store) {
  const auto device = store.find_hardware(describe(hardware));
  if (!device) return;
  const DispatchTable& table = range.table;
  for (std::size_t i = 0; i < range.points.size(); ++i) {
    const TunedPoint& point = range.points[i];
    const auto op = store.find_operator(point.op.signature());
    if (!op) continue;
    const auto entry = std::ranges::find(table.entries, i, &DispatchTable::Entry::point);
    if (entry == table.entries.end()) remove_range(store, *op, *device, table.dim);
    else
      put_range(store, {*op, *device, table.dim, entry->low, entry->high, point.kernel,
                        runner.toolchain(point.program.target), entry->regret});
  }
}

}  // namespace

std::vector<DispatchedRange> dispatch_ranges(const std::vector<OperatorPoint>& points,
                                             const std::vector<TuneResult>& results, const Hardware& hardware,
                                             const Slices& slices, TrialRunner& runner, Store& store) {
  std::vector<DispatchedRange> made;
  // By operator, dimension and the other dimensions, in the order of the files.
  std::map<std::pair<std::string, std::pair<std::string, Dims>>, std::size_t> place;
  std::vector<std::pair<std::int64_t, std::int64_t>> ends;
  std::vector<bool> complete;
  for (const OperatorPoint& point : points)
    for (const auto& [dim, range] : point.ranges) {
      Dims others = point.op.base_dims();
      const std::int64_t extent = others.at(dim);
      others.erase(dim);
      const auto [at, fresh] = place.try_emplace({point.op.name + point.op.structure(), {dim, others}}, made.size());
      if (fresh) {
        made.push_back({point.op.name, others, {}, {}});
        made.back().table.dim = dim;
        ends.push_back(range);
        complete.push_back(true);
      }
      const TuneResult* result = result_of(results, point.op);
      // Ours: a vendor's winner serves the shape that it was measured at.
      const TunedCandidate* best = result == nullptr ? nullptr : result->best_own();
      if (best == nullptr) complete[at->second] = false;
      else made[at->second].points.push_back({point.op, extent, best->ranked.program, best->kernel});
    }
  std::vector<DispatchedRange> whole;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (!complete[i]) continue;
    std::ranges::sort(made[i].points, {}, &TunedPoint::extent);
    made[i].table = build_dispatch(made[i].table.dim, ends[i].first, ends[i].second, made[i].points, hardware, slices, runner);
    remember(made[i], hardware, runner, store);
    whole.push_back(std::move(made[i]));
  }
  return whole;
}

nlohmann::json dispatch_json(const std::vector<DispatchedRange>& ranges) {
  nlohmann::json list = nlohmann::json::array();
  for (const DispatchedRange& range : ranges) {
    nlohmann::json entries = nlohmann::json::array(), probes = nlohmann::json::array();
    for (const auto& entry : range.table.entries) {
      entries.push_back({{"low", entry.low},
                         {"high", entry.high},
                         {"tuned_at", range.points[entry.point].extent},
                         {"kernel", range.points[entry.point].kernel},
                         {"program", range.points[entry.point].program.text()},
                         {"regret", nullptr}});
      if (entry.regret) entries.back()["regret"] = *entry.regret;
    }
    for (const auto& probe : range.table.probes)
      probes.push_back({{"extent", probe.extent},
                        {"tuned_at", range.points[probe.point].extent},
                        {"us", probe.us},
                        {"best_us", probe.best_us},
                        {"best_program", probe.best},
                        {"regret", probe.regret()}});
    list.push_back({{"operator", range.operator_name},
                    {"dim", range.table.dim},
                    {"others", range.others},
                    {"basis", range.table.measured ? "measured" : "predicted"},
                    {"points", range.points.size()},
                    {"entries", entries},
                    {"probes", probes}});
  }
  return list;
}

std::string dispatch_text(const std::vector<DispatchedRange>& ranges) {
  std::string out;
  for (const DispatchedRange& range : ranges) {
    const DispatchTable& table = range.table;
    out += fmt::format("\n{} ({}): {} points of {} in {} {}; regret between the points is {}\n", range.operator_name,
                       dims_text(range.others), range.points.size(), table.dim, table.entries.size(),
                       table.entries.size() == 1 ? "entry" : "entries", table.measured ? "measured" : "predicted");
    TextTable entries({table.dim, ">tuned at", "kernel", ">regret", "program"});
    for (const auto& entry : table.entries)
      entries.add({fmt::format("{}..{}", entry.low, entry.high), fmt::format("{}", range.points[entry.point].extent),
                   range.points[entry.point].kernel, entry.regret ? fmt::format("{:.1f} %", 100 * *entry.regret) : "-",
                   range.points[entry.point].program.text()});
    out += entries.text();
    for (const auto& probe : table.probes)
      out += fmt::format("  at {} = {}: {} with the kernel of {}, {} at best ({:+.1f} %)\n", table.dim, probe.extent,
                         format_time(probe.us), range.points[probe.point].extent, format_time(probe.best_us),
                         100 * probe.regret());
  }
  return out;
}

}  // namespace perftune
