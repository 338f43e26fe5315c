#include "tuner/training_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>

#include "costmodel/features.hpp"
#include "costmodel/roofline.hpp"
#include "db/outcome.hpp"
#include "db/timed_rows.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/rank.hpp"

namespace perftune {
namespace {

constexpr const char* kFixed[] = {"scope", "group", "limiter", "predicted_us", "roofline_us", "measured_us"};
constexpr std::size_t kFixedCount = std::size(kFixed);

// Text that may stand in a cell and on a line of a model file.
std::string plain(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == ',' || c == '"') c = ' ';
  return out;
}

template <class Make>
auto unless_refused(Make make) -> std::optional<decltype(make())> {
  try {
    return make();
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Rows of one operator on one device: each predicted with its siblings, one call per family.
void add_group(TrainingSet& into, std::span<const TimedRow> rows, const Operator& op, const Hardware& hardware,
               const Slices& slices, int group) {
  const bool cold = rows.front().policy.find("cache=warm") == std::string::npos;
  const double roofline_us = roofline(op, hardware, !cold).seconds * 1e6;
  for (const TimedRow& row : rows) {
    const auto program = unless_refused([&] { return TileProgram::parse(row.program); });
    const auto* slice = program ? slices.find(program->family, program->target) : nullptr;
    if (slice == nullptr || slice->emitter->illegal(op, *program, hardware)) {
      ++into.not_understood;
      continue;
    }
    const Prediction p = predict_one(op, hardware, slices, *program, row.resources);
    into.rows.push_back({features(op, hardware, *program, row.resources, p), p.us, row.measured_us, group,
                         model_scope(row.hardware, row.vendor_name, program->family)});
    into.facts.push_back({p.limiter, roofline_us});
  }
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) cells.push_back(cell);
  if (!cells.empty() && !cells.back().empty() && cells.back().back() == '\r') cells.back().pop_back();
  return cells;
}

double number(const std::string& cell, const std::string& file, int line, std::size_t column) {
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size())
    throw Error(ErrorKind::usage, fmt::format("{}:{}:{}: '{}' is no number", file, line, column + 1, cell));
  return value;
}

void check_header(const std::vector<std::string>& header, const std::string& file) {
  std::vector<std::string> expected(std::begin(kFixed), std::end(kFixed));
  for (const std::string_view name : feature_names()) expected.emplace_back(name);
  for (const std::string& name : expected)
    if (std::find(header.begin(), header.end(), name) == header.end())
      throw Error(ErrorKind::usage,
                  fmt::format("{}:1:1: no column '{}': not training rows, or features of another version (this is "
                              "version {}); write them again with `perftune model rows`", file, name, kFeatureVersion));
  for (std::size_t i = 0; i < header.size(); ++i)
    if (i >= expected.size() || header[i] != expected[i])
      throw Error(ErrorKind::usage,
                  fmt::format("{}:1:{}: column '{}' is not a feature of version {}, or not in its place; write the "
                              "rows again with `perftune model rows`", file, i + 1, header[i], kFeatureVersion));
}

}  // namespace

void TrainingSet::add(const TrainingSet& other) {
  int offset = 0;
  for (const TrainingRow& row : rows) offset = std::max(offset, row.group + 1);
  for (TrainingRow row : other.rows) {
    row.group += offset;
    rows.push_back(std::move(row));
  }
  facts.insert(facts.end(), other.facts.begin(), other.facts.end());
  not_understood += other.not_understood;
}

std::string model_scope(std::string_view hardware, std::string_view vendor_name, std::string_view family) {
  return plain(fmt::format("{}{}{}: {}", hardware, vendor_name.empty() || vendor_name == hardware ? "" : "/",
                           vendor_name == hardware ? "" : vendor_name, family));
}

TrainingSet training_set(Store& store, const Slices& slices, std::string_view hardware, std::string_view vendor_name) {
  const std::vector<TimedRow> timed = timed_rows(store, hardware, vendor_name);
  TrainingSet set;
  std::map<std::string, std::optional<Hardware>> devices;
  int group = 0;
  for (std::size_t from = 0; from < timed.size();) {
    std::size_t to = from;
    const auto same = [&](const TimedRow& a, const TimedRow& b) {
      return a.signature == b.signature && a.description == b.description && a.policy == b.policy;
    };
    while (to < timed.size() && same(timed[from], timed[to])) ++to;
    const std::span<const TimedRow> rows(timed.data() + from, to - from);
    const std::string& description = rows.front().description;
    if (!devices.contains(description))
      devices[description] = unless_refused([&] { return parse_hardware(description, "store"); });
    const auto op = unless_refused([&] { return parse_operator_text(rows.front().definition, "store").at(0).op; });
    if (op && devices[description]) add_group(set, rows, *op, *devices[description], slices, group++);
    else set.not_understood += rows.size();
    from = to;
  }
  return set;
}

std::string training_csv(const TrainingSet& set) {
  std::string text = fmt::format("{}", fmt::join(kFixed, ","));
  for (const std::string_view name : feature_names()) text += fmt::format(",{}", name);
  text += "\n";
  for (std::size_t i = 0; i < set.rows.size(); ++i) {
    const TrainingRow& row = set.rows[i];
    text += fmt::format("{},{},{},{},{},{}", row.scope, row.group, plain(set.facts[i].limiter), row.predicted_us,
                        set.facts[i].roofline_us, row.measured_us);
    for (const double value : row.features) text += fmt::format(",{}", value);
    text += "\n";
  }
  return text;
}

TrainingSet parse_training_csv(const std::string& text, const std::string& file) {
  std::istringstream in(text);
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> header = cells_of(line);
  check_header(header, file);
  TrainingSet set;
  for (int at = 2; std::getline(in, line); ++at) {
    if (line.empty() || line == "\r") continue;
    const std::vector<std::string> cells = cells_of(line);
    if (cells.size() != header.size())
      throw Error(ErrorKind::usage, fmt::format("{}:{}:1: {} cells under {} columns; the file is cut short or edited",
                                                file, at, cells.size(), header.size()));
    const auto cell = [&](std::size_t i) { return number(cells[i], file, at, i); };
    TrainingRow row;
    row.scope = plain(cells[0]);
    const double group = cell(1);
    if (!(group >= 0 && group < 1e9))
      throw Error(ErrorKind::usage, fmt::format("{}:{}:2: '{}' is no operator number; expected 0, 1, ...", file, at, cells[1]));
    row.group = static_cast<int>(group);
    row.predicted_us = cell(3);
    row.measured_us = cell(5);
    for (std::size_t i = kFixedCount; i < cells.size(); ++i) row.features.push_back(cell(i));
    set.facts.push_back({cells[2], cell(4)});
    set.rows.push_back(std::move(row));
  }
  return set;
}

}  // namespace perftune
