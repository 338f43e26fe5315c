#include "db/counters.hpp"

#include <fmt/format.h>

#include "db/rows.hpp"
#include "db/sqlite.hpp"
#include "recipes/error.hpp"

namespace perftune {

using sqlite::Query;

void put_counters(Store& store, OperatorId op, HardwareId hardware, std::string_view kernel,
                  const std::vector<CounterValue>& values) {
  sqlite::Database& database = store.database();
  sqlite::Transaction transaction(database);
  Query build = database.query(
      "SELECT b.id FROM builds b JOIN kernels k ON k.id = b.kernel WHERE k.kernel = ? "
      "ORDER BY b.id DESC LIMIT 1");
  build.bind(kernel);
  if (!build.step())
    throw Error(ErrorKind::store, fmt::format("{}: kernel {} was never built", store.path(), kernel));
  const std::int64_t id = build.integer(0);
  database.query("DELETE FROM counters WHERE operator = ? AND hardware = ? AND build = ?")
      .bind(static_cast<std::int64_t>(op))
      .bind(static_cast<std::int64_t>(hardware))
      .bind(id)
      .run();
  Query insert = database.query(
      "INSERT INTO counters (operator, hardware, build, metric, name, value, taken_at_ms) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const CounterValue& value : values) {
    insert.again().bind(static_cast<std::int64_t>(op)).bind(static_cast<std::int64_t>(hardware)).bind(id);
    insert.bind(value.metric).bind(value.name).bind(value.value).bind(sqlite::now_ms()).run();
  }
  transaction.commit();
}

std::vector<CounterValue> counters(Store& store, OperatorId op, HardwareId hardware,
                                   std::string_view kernel) {
  Query row = store.database().query(
      "SELECT c.metric, c.name, c.value FROM counters c JOIN builds b ON b.id = c.build "
      "JOIN kernels k ON k.id = b.kernel WHERE c.operator = ? AND c.hardware = ? AND k.kernel = ? "
      "ORDER BY c.metric");
  row.bind(static_cast<std::int64_t>(op)).bind(static_cast<std::int64_t>(hardware)).bind(kernel);
  std::vector<CounterValue> found;
  while (row.step()) found.push_back({row.text(0), row.text(1), row.real(2)});
  return found;
}

}  // namespace perftune
