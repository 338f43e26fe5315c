#include "db/merge_device_facts.hpp"

#include <fmt/format.h>

namespace perftune::sqlite {

void bind_same(Query& to, const Query& from, int column) {
  if (from.is_null(column)) {
    to.bind(nullptr);
  } else if (from.is_integer(column)) {
    to.bind(from.integer(column));
  } else if (from.is_real(column)) {
    to.bind(from.real(column));
  } else if (from.is_text(column)) {
    to.bind(from.view(column));
  } else {
    to.bind(from.blob(column));
  }
}

std::vector<std::int64_t> ids_with_conditions(Database& from) {
  std::vector<std::int64_t> ids;
  Query row = from.query("SELECT measurement FROM conditions ORDER BY measurement");
  while (row.step()) ids.push_back(row.integer(0));
  return ids;
}

void merge_conditions(Database& into, Database& from, std::int64_t theirs, std::int64_t ours) {
  constexpr const char* columns =
      "clock, launch_us, sm_mhz_before, sm_mhz_after, memory_mhz_before, memory_mhz_after, "
      "temperature_c_before, temperature_c_after, power_w_before, power_w_after, reasons_before, "
      "reasons_after, throttled";
  Query row = from.query(fmt::format("SELECT {} FROM conditions WHERE measurement = ?", columns));
  row.bind(theirs);
  if (!row.step()) return;
  Query insert = into.query(fmt::format(
      "INSERT INTO conditions (measurement, {}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", columns));
  insert.bind(ours);
  for (int column = 0; column <= 12; ++column) bind_same(insert, row, column);
  insert.run();
}

void merge_counters(Database& into, Database& from, const RowOf& row_of) {
  Query row = from.query(
      "SELECT operator, hardware, build, metric, name, value, taken_at_ms FROM counters");
  Query insert = into.query(
      "INSERT INTO counters (operator, hardware, build, metric, name, value, taken_at_ms) "
      "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (operator, hardware, build, metric) DO UPDATE SET "
      "name = excluded.name, value = excluded.value, taken_at_ms = excluded.taken_at_ms "
      "WHERE (excluded.taken_at_ms, excluded.value) > (taken_at_ms, value)");
  while (row.step()) {
    insert.again().bind(row_of("operators", row.integer(0)));
    insert.bind(row_of("hardware", row.integer(1))).bind(row_of("builds", row.integer(2)));
    for (int column = 3; column <= 6; ++column) bind_same(insert, row, column);
    insert.run();
  }
}

}  // namespace perftune::sqlite
