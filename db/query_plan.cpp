#include "db/query_plan.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "db/query_columns.hpp"

namespace perftune::sqlite {

namespace {

std::string where(const Filter& filter, std::vector<Cell>& values, const std::string& more = {}) {
  std::string sql;
  for (const Filter::Part* part : {&filter.op, &filter.hardware, &filter.build, &filter.other}) {
    if (part->sql.empty()) continue;
    sql += (sql.empty() ? " WHERE " : " AND ") + part->sql;
    values.insert(values.end(), part->values.begin(), part->values.end());
  }
  if (!more.empty()) sql += (sql.empty() ? " WHERE " : " AND ") + more;
  return sql;
}

// Rows that an index may hand over before a scan in time order, which stops at the limit, is the
// better plan. Each costs a look-up at a random place: 1 to 2 us.
constexpr std::int64_t few_rows = 30'000;
constexpr std::int64_t very_few_rows = 2'000;  // nothing else is worth trying first
constexpr std::int64_t newest_rows = 20'000;   // read in order, 0.4 us each

// One way to reach the rows: the part of the conditions that an index answers alone.
struct Driver {
  const char* index;
  std::string rows;  // over m: a condition that the index serves
  std::vector<Cell> values;
};

std::vector<Driver> drivers(const Filter& filter) {
  std::vector<Driver> found;
  if (!filter.op.sql.empty()) {
    found.push_back({"measurements_by_operator",
                     "m.operator IN (SELECT o.id FROM operators o WHERE " + filter.op.sql + ")",
                     filter.op.values});
  }
  if (!filter.build.sql.empty()) {
    found.push_back({"measurements_by_build",
                     "m.build IN (SELECT b.id FROM kernels k JOIN builds b ON b.kernel = k.id JOIN "
                     "toolchains t ON t.id = b.toolchain WHERE " +
                         filter.build.sql + ")",
                     filter.build.values});
  }
  for (const Filter::Indexed& each : filter.indexed) found.push_back({each.index, each.sql, each.values});
  if (!filter.hardware.sql.empty()) {
    found.push_back(
        {"measurements_by_hardware",
         "m.hardware IN (SELECT h.id FROM hardware h WHERE " + filter.hardware.sql + ")",
         filter.hardware.values});
  }
  return found;
}

std::int64_t rows_up_to(Database& database, const Driver& driver, std::int64_t most) {
  Query row = database.query(
      fmt::format("SELECT count(*) FROM (SELECT 1 FROM measurements m INDEXED BY {} WHERE {} "
                  "LIMIT {})",
                  driver.index, driver.rows, most));
  bind_all(row, driver.values);
  return row.step() ? row.integer(0) : 0;
}

// CROSS keeps the order as written (https://www.sqlite.org/optoverview.html, section 7.2).
std::string outermost_first(std::string joins) {
  for (std::size_t at = joins.find(" JOIN "); at != std::string::npos;
       at = joins.find(" JOIN ", at + 12)) {
    joins.replace(at, 6, " CROSS JOIN ");
  }
  return joins;
}

}  // namespace

// Groups by operator name, then hardware: an order that a person can find things in.
std::vector<WinnerGroup> find_winners(Database& database, const Filter& filter,
                                      std::int64_t limit) {
  const std::string order =
      " ORDER BY (SELECT min(n.name) FROM operator_names n WHERE n.operator = w.operator), "
      "w.operator, h.name, w.policy";
  // A rare condition on the measurements behind winners leaves few operators to look at.
  std::string extra;
  std::vector<Cell> extra_values;
  std::int64_t fewest = few_rows;
  for (const Filter::Indexed& each : filter.indexed) {
    const std::int64_t rows = rows_up_to(database, {each.index, each.sql, each.values}, fewest);
    if (rows >= fewest) continue;
    fewest = rows;
    extra = fmt::format("w.operator IN (SELECT m.operator FROM measurements m INDEXED BY {} WHERE {})", each.index, each.sql);
    extra_values = each.values;
  }
  std::vector<Cell> values;
  const std::string condition = where(filter, values, extra);
  values.insert(values.end(), extra_values.begin(), extra_values.end());
  Query row = database.query("SELECT w.operator, w.hardware, w.policy FROM winners w" +
                             joins_for(" " + condition + " h.name", true) + condition + order +
                             fmt::format(" LIMIT {}", limit));
  bind_all(row, values);
  std::vector<WinnerGroup> groups;
  while (row.step()) groups.push_back({row.integer(0), row.integer(1), row.integer(2)});
  return groups;
}

namespace {

std::vector<std::int64_t> ids_of(Database& database, const Filter& filter, const std::string& driven,
                                 const std::string& extra, const std::vector<Cell>& extra_values, std::int64_t limit) {
  std::vector<Cell> values;
  const std::string condition = where(filter, values, extra);
  values.insert(values.end(), extra_values.begin(), extra_values.end());
  Query row =
      database.query("SELECT m.id FROM measurements m INDEXED BY " + driven +
                     outermost_first(joins_for(" " + condition, false)) + condition +
                     " ORDER BY m.taken_at_ms DESC, m.id DESC" + fmt::format(" LIMIT {}", limit));
  bind_all(row, values);
  std::vector<std::int64_t> ids;
  while (row.step()) ids.push_back(row.integer(0));
  return ids;
}

// The time before which all but the `rows` newest measurements were taken.
std::optional<std::int64_t> time_of_newest(Database& database, std::int64_t rows) {
  Query row = database.query(
      "SELECT taken_at_ms FROM measurements INDEXED BY measurements_by_time ORDER BY taken_at_ms DESC LIMIT 1 OFFSET ?");
  row.bind(rows);
  if (!row.step()) return std::nullopt;
  return row.integer(0);
}

}  // namespace

// A rare condition drives. Is it not so rare that few rows are looked up, the newest ones are tried first:
// where they fill the limit, they are the answer.
std::vector<std::int64_t> find_measurements(Database& database, const Filter& filter,
                                            std::int64_t limit) {
  std::optional<Driver> rarest;
  std::int64_t fewest = few_rows;
  for (Driver& driver : drivers(filter)) {
    const std::int64_t rows = rows_up_to(database, driver, fewest);
    if (rows >= fewest) continue;
    fewest = rows;
    rarest = std::move(driver);
  }
  if (!rarest) return ids_of(database, filter, "measurements_by_time", "", {}, limit);
  if (limit >= 0 && fewest > very_few_rows)
    if (const auto newer_than = time_of_newest(database, newest_rows)) {
      auto ids = ids_of(database, filter, "measurements_by_time", "m.taken_at_ms > ?", {*newer_than}, limit);
      if (static_cast<std::int64_t>(ids.size()) == limit) return ids;
    }
  return ids_of(database, filter, rarest->index, rarest->rows, rarest->values, limit);
}

void add_fastest(Database& database, const WinnerGroup& group, int wanted,
                 std::vector<std::int64_t>& ids) {
  // A kernel's time is its confirmation's where it has one, as tune reports it: the best of many screenings flatters.
  // What waits for its device comes after, by prediction.
  Query row = database.query(
      "SELECT id FROM (SELECT m.id, m.median_us, m.predicted_us, row_number() OVER (PARTITION BY m.build "
      "    ORDER BY m.median_us IS NULL, m.phase = 'confirmation' DESC, m.taken_at_ms DESC, m.id DESC) AS place "
      "  FROM measurements m INDEXED BY measurements_by_operator "
      "  WHERE m.operator = ? AND m.hardware = ? AND m.policy = ? "
      "  AND (m.median_us > 0 AND m.outcome IN ('timed', 'noisy') OR m.outcome = 'pending' AND m.predicted_us > 0)) "
      "WHERE place = 1 ORDER BY median_us IS NULL, coalesce(median_us, predicted_us), id LIMIT ?");
  row.bind(group.op).bind(group.hardware).bind(group.policy).bind(static_cast<std::int64_t>(wanted));
  while (row.step()) ids.push_back(row.integer(0));
}

}  // namespace perftune::sqlite
