#include "cli/report/report_data.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "codegen/vendor/vendor_target.hpp"
#include "db/kernel_use.hpp"
#include "db/query.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "cli/report/suite_view.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/rank.hpp"

namespace perftune {
namespace {

// In the order of the `Field`s below.
const std::vector<std::string> columns = {
    "operator", "dims", "family", "dtype", "hardware", "vendor_name", "target", "kernel",
    "program", "basis", "measured_us", "predicted_us", "spread", "limiter", "roofline_us", "flops",
    "bytes", "registers", "shared_bytes", "spill_bytes", "policy", "taken_at", "signature", "status"};
enum Field : std::size_t {
  op_, dims_, family_, dtype_, hardware_, vendor_, target_, kernel_, program_, basis_, measured_,
  predicted_, spread_, limiter_, roofline_, flops_, bytes_, registers_, shared_, spill_, policy_,
  taken_, signature_, status_
};

using Cells = std::vector<Cell>;

std::string text(const Cells& cells, Field field) {
  const auto* value = std::get_if<std::string>(&cells[field]);
  return value == nullptr ? "" : *value;
}

std::optional<double> number(const Cells& cells, Field field) {
  if (const auto* value = std::get_if<double>(&cells[field])) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&cells[field])) return static_cast<double>(*value);
  return std::nullopt;
}

// Devices and operators are read once each, however many rows share them.
class Rebuilder {
 public:
  Rebuilder(Store& store, const Slices& slices) : store_(store), slices_(slices) {}

  // nullptr, with `why` set, when the store's description does not say enough.
  const Hardware* hardware(const std::string& name, const std::string& vendor, std::string& why) {
    return cached(hardware_, name + '\n' + vendor, why, [&] {
      return parse_hardware(find_hardware_description(store_, name, vendor), store_.path());
    });
  }
  const Operator* op(const std::string& signature, std::string& why) {
    return cached(operators_, signature, why, [&] {
      const std::string definition = find_definition(store_, signature);
      if (definition.empty()) throw Error(ErrorKind::store, "the store has no definition of it");
      return parse_operator_text(definition, store_.path()).at(0).op;
    });
  }
  const Slices& slices() const { return slices_; }

 private:
  template <class Value>
  struct Attempt {
    std::optional<Value> value;
    std::string why;
  };
  template <class Value, class Make>
  const Value* cached(std::map<std::string, Attempt<Value>>& known, const std::string& key,
                      std::string& why, Make make) {
    auto [at, added] = known.try_emplace(key);
    if (added) {
      try {
        at->second.value = make();
      } catch (const std::exception& error) {  // the text came from a store: anything may be in it
        at->second.why = error.what();
      }
    }
    why = at->second.why;
    return at->second.value ? &*at->second.value : nullptr;
  }

  Store& store_;
  const Slices& slices_;
  std::map<std::string, Attempt<Hardware>> hardware_;
  std::map<std::string, Attempt<Operator>> operators_;
};

std::set<DType> types_of(const Operator& op) {
  std::set<DType> types = {op.accumulate};
  if (const auto inputs = op.inputs(); !inputs.empty())
    types.insert(op.tensors[static_cast<std::size_t>(inputs.front())].type);
  return types;
}

// Stages, limiter and advice of the model, for the resources that the compiler reported.
void ask_model(ReportRow& row, const Cells& cells, const Operator& op, const Hardware& hardware,
               const Slices& slices) {
  const TileProgram program = TileProgram::parse(row.program);
  const auto* slice = slices.find(program.family, program.target);
  if (slice == nullptr) {
    row.note = is_vendor(row.target) ? "a vendor's routine: no model looks into it"
                                     : "no model for " + row.target + " in this build";
    return;
  }
  if (const auto why = slice->emitter->illegal(op, program, hardware)) {
    row.note = "this build finds the program illegal: " + *why;
    return;
  }
  Resources resources = slice->emitter->estimate(op, program, hardware);
  if (const auto registers = number(cells, registers_); registers && *registers > 0) {
    resources.registers = static_cast<int>(*registers);
    resources.shared_bytes = static_cast<std::int64_t>(number(cells, shared_).value_or(0));
    resources.spill_bytes = static_cast<std::int64_t>(number(cells, spill_).value_or(0));
  }
  const Prediction p = predict_one(op, hardware, slices, program, resources);
  row.limiter = p.limiter;
  row.advice = p.advice;
  row.stages = p.breakdown;
  row.dram_bytes = p.dram_bytes;
  row.l2_bytes = p.l2_bytes;
}

void place(ReportRow& row, const Cells& cells, const Operator& op, const Hardware& hardware,
           const Slices& slices) {
  const bool warm = row.policy.find("cache=warm") != std::string::npos;
  const Roofline line = roofline(op, hardware, warm);
  row.flops = line.flops;
  row.bytes = line.compulsory_bytes;
  row.roofline_us = line.seconds * 1e6;
  row.bound = line.limiter.empty() ? "dram" : line.limiter;
  const auto roofs = roofs_of(hardware, types_of(op));
  row.flag = impossible_because({row.flops, row.bytes, row.us, warm}, roofs);
  if (row.flag.empty() && row.us > 0 && row.us < row.roofline_us)
    row.note = warm ? "faster than the level that holds all of it: inner caches were warm"
                    : "within the tolerance of a ceiling";
  try {
    ask_model(row, cells, op, hardware, slices);
  } catch (const Error& error) {
    row.note = error.what();
  }
}

ReportRow plain_row(const Cells& cells) {
  ReportRow row;
  row.op = text(cells, op_), row.dims = text(cells, dims_), row.family = text(cells, family_);
  row.dtype = text(cells, dtype_), row.device = text(cells, hardware_);
  row.vendor_device = text(cells, vendor_), row.signature = text(cells, signature_);
  row.target = text(cells, target_), row.kernel = text(cells, kernel_);
  row.program = text(cells, program_), row.policy = text(cells, policy_);
  row.taken_at = text(cells, taken_), row.limiter = text(cells, limiter_);
  const auto measured = number(cells, measured_);
  row.predicted_us = number(cells, predicted_);
  row.measured = measured.has_value() && text(cells, basis_) == "measured";
  row.us = row.measured ? *measured : row.predicted_us.value_or(0);
  if (row.measured) row.spread = number(cells, spread_);
  row.flops = number(cells, flops_).value_or(0);
  row.bytes = number(cells, bytes_).value_or(0);
  row.roofline_us = number(cells, roofline_).value_or(0);
  return row;
}

// The rules of the constructor's candidate that is this very program; none when it would not propose it.
std::vector<RuleApplied> rules_of(const ReportRow& row, const Operator& op, const Hardware& hardware,
                                  const Slices& slices) {
  try {
    const TileProgram program = TileProgram::parse(row.program);
    const auto* slice = slices.find(program.family, program.target);
    if (slice == nullptr) return {};
    std::string why_not;
    for (Constructed& candidate : slice->constructor->construct(op, hardware, 40, why_not))
      if (candidate.program == program) return std::move(candidate.rules);
  } catch (const Error&) {  // the row's note says what is wrong with it
  }
  return {};
}

// Winners, or of each named kernel its newest outcome with a time per operator, device and policy.
std::vector<Cells> find_rows(Store& store, const ReportRequest& request, bool& more) {
  QueryRequest ask;
  ask.conditions = request.conditions;
  ask.columns = columns;
  ask.limit = request.limit;
  if (request.kernels.empty()) {
    QueryResult winners = query(store, ask);
    more = winners.more;
    return std::move(winners.rows);
  }
  ask.view = QueryRequest::View::history;
  ask.limit = 0;
  std::vector<Cells> rows;
  std::set<std::array<std::string, 5>> seen;
  for (const std::string& id : request.kernels) {
    const auto kernel = store.kernel(id);
    if (!kernel) throw Error(ErrorKind::usage, "no kernel '" + id + "' in " + store.path());
    ask.conditions = request.conditions;
    ask.conditions.push_back("kernel=" + kernel->id);
    for (Cells& cells : query(store, ask).rows) {
      if (!number(cells, measured_) && !number(cells, predicted_)) continue;
      if (seen.insert({text(cells, kernel_), text(cells, signature_), text(cells, hardware_),
                       text(cells, vendor_), text(cells, policy_)}).second)
        rows.push_back(std::move(cells));
    }
  }
  return rows;
}

void draw_under_roofs(Report& report, std::size_t position, const Cells& cells, Rebuilder& rebuild,
                      std::map<std::string, std::set<DType>>& types) {
  const ReportRow& row = report.rows[position];
  const std::string vendor = text(cells, vendor_);
  auto device = std::find_if(report.devices.begin(), report.devices.end(), [&](const auto& d) {
    return d.name == row.device && d.vendor_name == vendor;
  });
  if (device == report.devices.end())
    device = report.devices.insert(device, {row.device, vendor, {}, {}});
  device->rows.push_back(position);
  std::string why;
  const Hardware* hardware = rebuild.hardware(row.device, vendor, why);
  const Operator* op = rebuild.op(text(cells, signature_), why);
  std::set<DType>& in_use = types[row.device + '\n' + vendor];
  if (op != nullptr) in_use.merge(types_of(*op));
  if (hardware != nullptr) device->roofs = roofs_of(*hardware, in_use);
}

}  // namespace

Report read_report(Store& store, const ReportRequest& request, const Slices& slices) {
  Report report;
  report.store = store.path();
  Rebuilder rebuild(store, slices);
  std::vector<std::pair<ReportRow, Cells>> rows;
  for (Cells& cells : find_rows(store, request, report.more)) {
    ReportRow row = plain_row(cells);
    if (const auto kernel = store.kernel(row.kernel)) row.source = kernel->source;
    std::string why;
    const Hardware* hardware = rebuild.hardware(row.device, text(cells, vendor_), why);
    const Operator* op = hardware ? rebuild.op(text(cells, signature_), why) : nullptr;
    if (op != nullptr) place(row, cells, *op, *hardware, slices);
    else row.note = "not rebuilt: " + why;
    rows.emplace_back(std::move(row), std::move(cells));
  }
  const SuiteWeights suites = read_suites(store, request.suite);
  if (!request.suite.empty())
    std::erase_if(rows, [&](const auto& row) { return !suites.calls(row.first.signature); });
  for (auto& [row, cells] : rows) row.weight = suites.calls(row.signature).value_or(1);
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    if (a.first.flag.empty() != b.first.flag.empty()) return b.first.flag.empty();
    return a.first.weighted_headroom_us() > b.first.weighted_headroom_us();
  });
  std::map<std::string, std::set<DType>> types;
  for (int i = 0; i < request.details && i < static_cast<int>(rows.size()); ++i) {
    ReportRow& row = rows[static_cast<std::size_t>(i)].first;
    std::string why;
    const Hardware* hardware = rebuild.hardware(row.device, row.vendor_device, why);
    const Operator* op = hardware ? rebuild.op(row.signature, why) : nullptr;
    if (op != nullptr) row.rules = rules_of(row, *op, *hardware, slices);
    row.history = past_outcomes(store, row.signature, row.device, row.vendor_device, 12);
  }
  for (auto& [row, cells] : rows) {
    report.rows.push_back(std::move(row));
    draw_under_roofs(report, report.rows.size() - 1, cells, rebuild, types);
  }
  find_baselines(report, store);
  report.suites = suite_views(report, suites);
  report.model_summary = store.model_summary("learned");
  return report;
}

}  // namespace perftune
