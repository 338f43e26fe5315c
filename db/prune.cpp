#include "db/prune.hpp"

#include <fmt/format.h>

#include "db/launchables.hpp"
#include "db/sqlite.hpp"

namespace perftune {

using sqlite::Query;

namespace {

// The measurements of a decided winner, in any phase, and of what stands in for one.
constexpr const char* not_a_winner =
    "NOT EXISTS (SELECT 1 FROM winners w WHERE w.operator = m.operator AND w.hardware = m.hardware "
    "AND w.policy = m.policy AND w.build = m.build) AND (m.operator, m.hardware, m.build) NOT IN "
    "(SELECT operator, hardware, build FROM temp.stand_ins)";

// Where the winner is a vendor's, our fastest serves wherever the library is not (Launchables::runner_up).
void find_stand_ins(sqlite::Database& database) {
  database.execute("CREATE TEMP TABLE IF NOT EXISTS stand_ins (operator INTEGER, hardware INTEGER, build INTEGER)");
  database.execute("DELETE FROM temp.stand_ins");
  sqlite::Query vendors = database.query(
      "SELECT DISTINCT w.operator, w.hardware FROM winners w JOIN builds b ON b.id = w.build "
      "JOIN kernels k ON k.id = b.kernel WHERE k.target LIKE 'vendor/%'");
  std::vector<std::pair<std::int64_t, std::int64_t>> places;
  while (vendors.step()) places.emplace_back(vendors.integer(0), vendors.integer(1));
  for (const auto& [op, hardware] : places)
    if (const auto own = Launchables(database).runner_up(op, HardwareId{hardware}))
      database.query("INSERT INTO temp.stand_ins VALUES (?, ?, ?)").bind(op).bind(hardware).bind(own->build).run();
}

void mark_doomed(sqlite::Database& database, const PrunePolicy& policy) {
  database.execute("CREATE TEMP TABLE IF NOT EXISTS doomed (id INTEGER PRIMARY KEY)");
  database.execute("DELETE FROM temp.doomed");
  const auto mark = [&](const std::string& condition) {
    return database.query(
        fmt::format("INSERT OR IGNORE INTO temp.doomed SELECT m.id FROM "
                    "measurements m WHERE {} AND {}",
                    condition, not_a_winner));
  };
  if (policy.taken_before_ms) mark("m.taken_at_ms < ?").bind(*policy.taken_before_ms).run();
  if (policy.failures) mark("m.outcome NOT IN ('timed', 'noisy', 'pending')").run();
  if (policy.keep_fastest) {
    mark(
        "m.id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY operator, hardware, "
        "policy ORDER BY median_us) AS place FROM measurements WHERE median_us IS NOT NULL) "
        "WHERE place > ?)")
        .bind(*policy.keep_fastest)
        .run();
  }
}

// Children before parents: foreign keys are on.
constexpr std::pair<const char*, const char*> orphan_rules[] = {
    {"defaults", "(operator, hardware) NOT IN (SELECT operator, hardware FROM winners)"},
    {"ranges", "(operator, hardware) NOT IN (SELECT operator, hardware FROM winners)"},
    {"counters",
     "build NOT IN (SELECT build FROM measurements) AND build NOT IN (SELECT build FROM winners)"},
    {"builds",
     "id NOT IN (SELECT build FROM measurements) AND id NOT IN (SELECT build FROM winners) AND id NOT IN "
     "(SELECT build FROM defaults) AND id NOT IN (SELECT build FROM ranges)"},
    {"origins", "kernel NOT IN (SELECT kernel FROM builds)"},
    {"kernels", "id NOT IN (SELECT kernel FROM builds)"},
    {"toolchains", "id NOT IN (SELECT toolchain FROM builds)"},
    {"device_headers", "codegen_version NOT IN (SELECT codegen_version FROM toolchains)"},
    {"policies",
     "id NOT IN (SELECT policy FROM measurements) AND id NOT IN (SELECT policy FROM winners)"},
    {"provenances", "id NOT IN (SELECT provenance FROM measurements)"},
    {"operator_names",
     "operator NOT IN (SELECT operator FROM measurements) AND operator NOT IN (SELECT operator "
     "FROM winners)"},
    {"operator_dims", "operator NOT IN (SELECT operator FROM operator_names)"},
    {"suites", "operator NOT IN (SELECT operator FROM operator_names)"},
    {"operators",
     "id NOT IN (SELECT operator FROM measurements) AND id NOT IN (SELECT operator FROM winners)"},
    {"hardware",
     "id NOT IN (SELECT hardware FROM measurements) AND id NOT IN (SELECT hardware FROM winners)"},
    {"runs",
     "state <> 'running' AND id NOT IN (SELECT run FROM measurements) AND id NOT IN (SELECT run "
     "FROM winners)"},
};

}  // namespace

PruneReport prune(Store& store, const PrunePolicy& policy, bool dry_run) {
  sqlite::Database& database = store.database();
  PruneReport report;
  const auto remove = [&](const std::string& what, const std::string& sql) {
    database.query(sql).run();
    report.removed[what] += database.changes();
  };
  sqlite::Transaction transaction(database);
  find_stand_ins(database);
  mark_doomed(database, policy);
  remove("samples", "DELETE FROM samples WHERE measurement IN (SELECT id FROM temp.doomed)");
  remove("measurements", "DELETE FROM measurements WHERE id IN (SELECT id FROM temp.doomed)");
  if (policy.samples) {
    remove("samples", fmt::format("DELETE FROM samples WHERE measurement IN (SELECT m.id FROM "
                                  "measurements m WHERE {})",
                                  not_a_winner));
  }
  if (policy.binaries) {
    remove("binaries",
           "UPDATE builds SET binary = NULL WHERE binary IS NOT NULL AND id NOT IN "
           "(SELECT build FROM winners) AND id NOT IN (SELECT build FROM defaults) AND id NOT IN "
           "(SELECT build FROM ranges) AND id NOT IN (SELECT build FROM temp.stand_ins)");
  }
  for (const auto& [table, condition] : orphan_rules) {
    remove(table, fmt::format("DELETE FROM {} WHERE {}", table, condition));
  }
  if (!dry_run) transaction.commit();
  return report;
}

void compact(Store& store) { store.database().vacuum(); }

}  // namespace perftune
