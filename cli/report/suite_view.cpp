#include "cli/report/suite_view.hpp"

#include <algorithm>
#include <tuple>

#include "codegen/vendor/vendor_target.hpp"
#include "db/query.hpp"
#include "db/suites.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

std::string text(const Cell& cell) {
  const auto* value = std::get_if<std::string>(&cell);
  return value == nullptr ? "" : *value;
}

double number(const Cell& cell) {
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  const auto* integer = std::get_if<std::int64_t>(&cell);
  return integer == nullptr ? 0 : static_cast<double>(*integer);
}

const std::vector<std::string> columns = {"signature", "hardware", "vendor_name", "policy", "target",
                                          "kernel", "basis", "measured_us", "predicted_us", "phase"};
enum Field : std::size_t { signature_, hardware_, vendor_, policy_, target_, kernel_, basis_, measured_, predicted_, phase_ };

using Place = std::tuple<std::string, std::string, std::string, std::string>;

Place place_of(const ReportRow& row) { return {row.signature, row.device, row.vendor_device, row.policy}; }
Place place_of(const std::vector<Cell>& cells) {
  return {text(cells[signature_]), text(cells[hardware_]), text(cells[vendor_]), text(cells[policy_])};
}

ReportRow::Other other_of(const std::vector<Cell>& cells, std::string name) {
  const bool measured = text(cells[basis_]) == "measured";
  return {std::move(name), number(cells[measured ? measured_ : predicted_]), measured};
}

// The row of `signature` that stands for it on one device.
const std::size_t* best_row(const Report& report, const ReportDevice& device, const std::string& signature) {
  const std::size_t* best = nullptr;
  for (const std::size_t& position : device.rows) {
    const ReportRow& row = report.rows[position];
    if (row.signature != signature || row.us <= 0) continue;
    const auto rank = [](const ReportRow& r) { return std::tuple(!r.measured, r.us); };
    if (best == nullptr || rank(row) < rank(report.rows[*best])) best = &position;
  }
  return best;
}

ReportSuite view_of(const Report& report, const ReportDevice& device, const std::string& name,
                    const std::vector<SuiteWeights::Member>& members) {
  ReportSuite view;
  view.name = name, view.device = device.name, view.vendor_device = device.vendor_name;
  bool bounded = true;
  for (const SuiteWeights::Member& member : members) {
    const std::size_t* position = best_row(report, device, member.signature);
    if (position == nullptr) {
      view.missing.push_back(member.name);
      continue;
    }
    const ReportRow& row = report.rows[*position];
    view.parts.push_back({*position, member.weight, row.us * member.weight});
    view.us += view.parts.back().us;
    view.roofline_us += row.roofline_us * member.weight;
    bounded = bounded && row.roofline_us > 0;
    view.measured = view.measured && row.measured;
  }
  if (!bounded) view.roofline_us = 0;
  std::stable_sort(view.parts.begin(), view.parts.end(), [](const auto& a, const auto& b) { return a.us > b.us; });
  return view;
}

}  // namespace

std::optional<double> SuiteWeights::calls(const std::string& signature) const {
  std::optional<double> most;
  for (const auto& [suite, list] : members)
    for (const Member& member : list)
      if (member.signature == signature) most = std::max(most.value_or(0), member.weight);
  return most;
}

SuiteWeights read_suites(Store& store, const std::string& only) {
  SuiteWeights suites;
  for (SuiteMember& member : suite_members(store))
    if (only.empty() || member.suite == only)
      suites.members[member.suite].push_back({member.signature, member.name, member.weight});
  if (!only.empty() && suites.members.empty())
    throw Error(ErrorKind::usage, "no suite '" + only + "' in " + store.path() + "; `perftune tune SUITE.yaml` records one");
  return suites;
}

std::vector<ReportSuite> suite_views(const Report& report, const SuiteWeights& suites) {
  std::vector<ReportSuite> views;
  for (const auto& [name, members] : suites.members)
    for (const ReportDevice& device : report.devices) {
      ReportSuite view = view_of(report, device, name, members);
      if (!view.parts.empty()) views.push_back(std::move(view));
    }
  return views;
}

void find_baselines(Report& report, Store& store) {
  QueryRequest request;
  request.view = QueryRequest::View::history;
  request.conditions = {"target=vendor/*", "status=timed"};
  request.columns = columns;
  request.limit = 0;
  // What a library's kernel takes is its latest confirmation's time, as for ours; of a screening alone, that. History
  // comes newest first.
  std::map<std::pair<Place, std::string>, std::pair<bool, ReportRow::Other>> latest;
  for (const auto& cells : query(store, request).rows) {
    const std::pair now{text(cells[phase_]) == "confirmation", other_of(cells, text(cells[target_]).substr(7))};
    const auto [at, added] = latest.try_emplace({place_of(cells), text(cells[kernel_])}, now);
    if (!added && now.first && !at->second.first) at->second = now;
  }
  std::map<Place, ReportRow::Other> fastest;
  for (const auto& [kernel, time] : latest) {
    const auto [at, added] = fastest.try_emplace(kernel.first, time.second);
    if (!added && time.second.us < at->second.us) at->second = time.second;
  }
  for (ReportRow& row : report.rows)
    if (const auto found = fastest.find(place_of(row)); found != fastest.end() && !is_vendor(row.target))
      row.baseline = found->second;
}

void compare_with(Report& report, Store& other, const std::string& kernel) {
  report.against = kernel.empty() ? other.path() : "kernel " + kernel;
  QueryRequest request;
  request.columns = columns;
  request.limit = 0;
  if (!kernel.empty()) {
    const auto known = other.kernel(kernel);
    if (!known) throw Error(ErrorKind::usage, "no kernel '" + kernel + "' in " + other.path());
    request.view = QueryRequest::View::history;
    request.conditions = {"kernel=" + known->id};
  }
  std::map<Place, ReportRow::Other> found;
  for (const auto& cells : query(other, request).rows) {
    ReportRow::Other before = other_of(cells, text(cells[kernel_]));
    // History comes newest first; a measured time before a predicted one.
    const auto [at, added] = found.try_emplace(place_of(cells), before);
    if (!added && before.measured && !at->second.measured) at->second = before;
  }
  for (ReportRow& row : report.rows)
    if (const auto at = found.find(place_of(row)); at != found.end() && at->second.us > 0) row.before = at->second;
}

}  // namespace perftune
