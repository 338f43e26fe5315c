#include <fmt/format.h>

#include <cstring>
#include <set>

#include "codegen/tile_program.hpp"
#include "db/import.hpp"
#include "db/query_filter.hpp"
#include "db/query_plan.hpp"
#include "db/rows.hpp"
#include "db/sqlite.hpp"
#include "db/tuning_file_parts.hpp"
#include "recipes/error.hpp"

namespace perftune {

namespace {

// One operator on one hardware under one policy is what these formats can hold.
struct Subject {
  std::int64_t op = 0, hardware = 0, policy = 0;
  auto operator<=>(const Subject&) const = default;
};

// What tells two subjects apart, as conditions that name one of them.
std::string difference(sqlite::Database& database, const Subject& one, const Subject& other) {
  const auto both = [&](const char* sql, std::int64_t a, std::int64_t b) {
    std::string out;
    for (const std::int64_t id : {a, b}) {
      sqlite::Query row = database.query(sql);
      row.bind(id);
      out += (out.empty() ? "" : " and ") + (row.step() ? "'" + row.text(0) + "'" : std::string("?"));
    }
    return out;
  };
  if (one.op != other.op)
    return both("SELECT min(n.name) || (SELECT coalesce(group_concat(' ' || d.dim || '=' || d.extent, ''), '') FROM operator_dims d "
                "WHERE d.operator = n.operator AND d.name = n.name) FROM operator_names n WHERE n.operator = ?",
                one.op, other.op) + "; narrow it with operator= or a dimension";
  if (one.hardware != other.hardware)
    return both("SELECT name FROM hardware WHERE id = ?", one.hardware, other.hardware) + "; narrow it with hardware=";
  return both("SELECT policy FROM policies WHERE id = ?", one.policy, other.policy) + "; narrow it with policy=";
}

}  // namespace

TuningFile export_tuning(Store& store, const std::vector<std::string>& conditions) {
  sqlite::Database& database = store.database();
  const sqlite::Filter filter = sqlite::make_filter(database, conditions, false, sqlite::now_ms());
  const std::vector<std::int64_t> ids = sqlite::find_measurements(database, filter, -1);

  TuningFile tuning;
  std::optional<Subject> subject;
  std::set<std::int64_t> builds;  // newest first: the first row of a kernel is its latest
  std::set<std::string> parameters;
  for (const std::int64_t id : ids) {
    sqlite::Query row = database.query(
        "SELECT m.operator, m.hardware, m.policy, m.build, m.outcome, m.detail, m.median_us, "
        "m.spread, m.compile_seconds, m.verify_seconds, m.measure_seconds, m.taken_at_ms, "
        "k.family, k.target, k.program, s.samples_us, o.flops, h.vendor_name, "
        "(SELECT min(n.name) FROM operator_names n WHERE n.operator = o.id) "
        "FROM measurements m JOIN builds b ON b.id = m.build JOIN kernels k ON k.id = b.kernel "
        "JOIN operators o ON o.id = m.operator JOIN hardware h ON h.id = m.hardware "
        "LEFT JOIN samples s ON s.measurement = m.id WHERE m.id = ?");
    row.bind(id);
    if (!row.step() || row.view(4) == name(OutcomeKind::pending)) continue;
    const Subject found{row.integer(0), row.integer(1), row.integer(2)};
    if (!subject) {
      subject = found;
      tuning.kernel = row.text(18);
      tuning.device = row.text(17);
      tuning.flops = row.real(16);
    } else if (*subject != found) {
      throw Error(ErrorKind::usage,
                  "the file holds one operator on one device under one policy, and these match: " +
                      difference(database, *subject, found));
    }
    if (!builds.insert(row.integer(3)).second) continue;

    TuningFile::Result result;
    result.configuration = program_configuration(row.text(14));
    if (row.view(12) != "imported") {
      result.configuration["target"] = fmt::format("\"{}\"", row.view(13));
    }
    for (const auto& [parameter, value] : result.configuration) parameters.insert(parameter);
    const auto kind = parse_outcome_kind(row.view(4));
    if (!kind) throw Error(ErrorKind::store, fmt::format("{}: the store is damaged", store.path()));
    result.outcome.kind = *kind;
    result.outcome.detail = row.text(5);
    if (!row.is_null(6)) {
      Timing timing{row.real(6), row.real(7), {}};
      const auto bytes = row.blob(15);
      timing.samples_us.resize(bytes.size() / sizeof(double));
      if (!timing.samples_us.empty()) {
        std::memcpy(timing.samples_us.data(), bytes.data(),
                    timing.samples_us.size() * sizeof(double));
      }
      result.outcome.timing = std::move(timing);
    }
    result.outcome.compile_seconds = row.real(8);
    result.outcome.verify_seconds = row.real(9);
    result.outcome.measure_seconds = row.real(10);
    result.taken_at_ms = row.integer(11);
    tuning.results.push_back(std::move(result));
  }
  if (!subject) throw Error(ErrorKind::usage, "no measurement matches; nothing to export");
  sqlite::Query dim =
      database.query("SELECT dim, extent FROM operator_dims WHERE operator = ? AND name = ?");
  dim.bind(subject->op).bind(tuning.kernel);
  while (dim.step()) tuning.problem[dim.text(0)] = dim.integer(1);
  tuning.parameters.assign(parameters.begin(), parameters.end());
  // A knob that a program leaves at its default is absent from it; the formats want every one.
  for (auto& result : tuning.results) {
    for (const std::string& name : tuning.parameters) result.configuration.emplace(name, "null");
  }
  return tuning;
}

}  // namespace perftune
