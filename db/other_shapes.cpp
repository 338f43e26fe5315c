#include "db/other_shapes.hpp"

#include <fmt/format.h>

#include "db/rows.hpp"
#include "db/sqlite.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

std::int64_t find_build(Store& store, std::string_view kernel_id, const Toolchain& toolchain) {
  sqlite::Query row = store.database().query("SELECT id FROM kernels WHERE kernel = ?");
  row.bind(kernel_id);
  if (!row.step()) throw Error(ErrorKind::internal, fmt::format("kernel {} was never recorded", kernel_id));
  return sqlite::put_build(store.database(), row.integer(0), sqlite::put(store.database(), toolchain));
}

}  // namespace

void put_default(Store& store, OperatorId op, HardwareId hardware, std::string_view kernel_id,
                 const Toolchain& toolchain, double us) {
  sqlite::Transaction transaction(store.database());
  const std::int64_t build = find_build(store, kernel_id, toolchain);
  store.database()
      .query("INSERT OR REPLACE INTO defaults (operator, hardware, build, us) VALUES (?, ?, ?, ?)")
      .bind(static_cast<std::int64_t>(op))
      .bind(static_cast<std::int64_t>(hardware))
      .bind(build)
      .bind(us)
      .run();
  transaction.commit();
}

void put_range(Store& store, const ServedRange& range) {
  sqlite::Transaction transaction(store.database());
  const std::int64_t build = find_build(store, range.kernel_id, range.toolchain);
  store.database()
      .query("INSERT OR REPLACE INTO ranges (operator, hardware, dim, low, high, build, regret) "
             "VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(static_cast<std::int64_t>(range.op))
      .bind(static_cast<std::int64_t>(range.hardware))
      .bind(range.dim)
      .bind(range.low)
      .bind(range.high)
      .bind(build)
      .bind(range.regret)
      .run();
  transaction.commit();
}

void remove_range(Store& store, OperatorId op, HardwareId hardware, std::string_view dim) {
  sqlite::Transaction transaction(store.database());
  store.database()
      .query("DELETE FROM ranges WHERE operator = ? AND hardware = ? AND dim = ?")
      .bind(static_cast<std::int64_t>(op))
      .bind(static_cast<std::int64_t>(hardware))
      .bind(dim)
      .run();
  transaction.commit();
}

}  // namespace perftune
