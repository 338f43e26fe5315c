#include "db/health.hpp"

#include <fmt/format.h>

#include <array>

#include "codegen/tile_program.hpp"
#include "db/rows.hpp"
#include "db/schema.hpp"
#include "db/sqlite.hpp"
#include "recipes/error.hpp"

namespace perftune {

using sqlite::Query;

namespace {

constexpr std::array tables = {"hardware",    "operators",  "operator_names", "operator_dims",
                               "kernels",     "toolchains", "builds",         "policies",
                               "provenances", "runs",       "measurements",   "samples",
                               "winners",     "defaults",   "ranges",         "suites",
                               "models"};

using Findings = std::vector<Finding>;

void damaged_pages(sqlite::Database& database, Findings& findings) {
  Query row = database.query("PRAGMA integrity_check(20)");
  while (row.step()) {
    if (row.view(0) != "ok") findings.push_back({Finding::Severity::damage, row.text(0)});
  }
}

void missing_parents(sqlite::Database& database, Findings& findings) {
  Query row = database.query("PRAGMA foreign_key_check");
  for (int found = 0; row.step() && found < 20; ++found) {
    findings.push_back(
        {Finding::Severity::damage, fmt::format("{} row {} refers to a missing row of {}",
                                                row.view(0), row.integer(1), row.view(2))});
  }
}

void altered_kernels(sqlite::Database& database, Findings& findings) {
  Query row = database.query(
      "SELECT kernel, family, target, program, source, source_hash, "
      "language FROM kernels");
  while (row.step()) {
    const auto damage = [&](std::string_view what) {
      findings.push_back(
          {Finding::Severity::damage, fmt::format("kernel {}: {}", row.view(0), what)});
    };
    if (sqlite::source_hash(row.view(4)) != row.view(5)) damage("source does not match its hash");
    if (row.view(6) == "imported") continue;  // its program is another tool's configuration
    try {
      const TileProgram program = TileProgram::parse(row.view(3));
      if (program.family != row.view(1) || program.target != row.view(2)) {
        damage("family or target differ from its tile program");
      }
    } catch (const Error& error) {
      damage(fmt::format("unreadable tile program ({})", error.what()));
    }
  }
}

void altered_binaries(sqlite::Database& database, Findings& findings) {
  Query row = database.query(
      "SELECT k.kernel, b.binary, b.binary_hash FROM builds b JOIN kernels k ON k.id = b.kernel "
      "WHERE b.binary IS NOT NULL AND b.binary_hash IS NOT NULL");
  while (row.step()) {
    const auto bytes = row.blob(1);
    if (sqlite::binary_hash({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) != row.view(2))
      findings.push_back({Finding::Severity::damage,
                          fmt::format("kernel {}: a binary does not match its hash", row.view(0))});
  }
}

// What a query finds is one line each; the first column is the line.
void rows_like(sqlite::Database& database, std::string_view sql, Finding::Severity severity,
               Findings& findings) {
  Query row = database.query(sql);
  while (row.step()) findings.push_back({severity, row.text(0)});
}

// CHECK constraints guard the same words, but PRAGMA integrity_check tests them only on a
// connection that may write (seen with SQLite 3.40.1), and verifying must not need that.
void unknown_words(sqlite::Database& database, Findings& findings) {
  struct Words {
    const char* table;
    const char* column;
    const char* known;
  };
  constexpr std::array all = {
      Words{"hardware", "kind", "'gpu', 'cpu'"},
      Words{"runs", "state", "'running', 'finished', 'interrupted', 'failed'"},
      Words{"measurements", "phase", "'screening', 'confirmation'"},
      Words{"measurements", "verified_by", "'none', 'emulation', 'device'"},
      Words{"measurements", "outcome",
            "'timed', 'pending', 'compile_failed', 'rejected', 'launch_failed', 'crashed', "
            "'timed_out', 'wrong_result', 'noisy'"},
      Words{"winners", "basis", "'measured', 'predicted'"}};
  for (const Words& words : all) {
    Query row =
        database.query(fmt::format("SELECT {1}, count(*) FROM {0} WHERE {1} NOT IN ({2}) "
                                   "GROUP BY {1} LIMIT 20",
                                   words.table, words.column, words.known));
    while (row.step()) {
      findings.push_back(
          {Finding::Severity::damage, fmt::format("{} with unknown {} {:?}: {} rows", words.table,
                                                  words.column, row.view(0), row.integer(1))});
    }
  }
}

}  // namespace

StoreInfo info(Store& store) {
  sqlite::Database& database = store.database();
  StoreInfo info;
  info.path = store.path();
  info.version = sqlite::schema_version();
  Query size = database.query(
      "SELECT page_count * page_size FROM pragma_page_count, "
      "pragma_page_size");
  if (size.step()) info.bytes = size.integer(0);
  for (const char* table : tables) {
    Query row = database.query(fmt::format("SELECT count(*) FROM {}", table));
    if (row.step()) info.rows[table] = row.integer(0);
  }
  Query outcomes = database.query("SELECT outcome, count(*) FROM measurements GROUP BY outcome");
  while (outcomes.step()) info.outcomes[outcomes.text(0)] = outcomes.integer(1);
  Query hardware = database.query("SELECT name FROM hardware ORDER BY name, id");
  while (hardware.step()) info.hardware.push_back(hardware.text(0));
  Query age = database.query("SELECT min(taken_at_ms), max(taken_at_ms) FROM measurements");
  if (age.step() && !age.is_null(0)) {
    info.oldest_ms = age.integer(0);
    info.newest_ms = age.integer(1);
  }
  return info;
}

std::vector<Finding> verify(Store& store) {
  sqlite::Database& database = store.database();
  Findings findings;
  damaged_pages(database, findings);
  // On damaged pages any other answer would be a guess.
  if (!findings.empty()) return findings;
  missing_parents(database, findings);
  unknown_words(database, findings);
  altered_kernels(database, findings);
  altered_binaries(database, findings);
  using Severity = Finding::Severity;
  rows_like(database,
            "SELECT 'measurement ' || id || ': ' || outcome || ' without a positive time' "
            "FROM measurements WHERE outcome IN ('timed', 'noisy') "
            "AND NOT coalesce(median_us > 0 AND median_us < 9e18, 0) LIMIT 20",
            Severity::damage, findings);
  rows_like(database,
            "SELECT 'measurement ' || m.id || ': ' || m.sample_count || ' samples said, ' || "
            "(length(s.samples_us) / 8.0) || ' kept' FROM measurements m JOIN samples s ON "
            "s.measurement = m.id WHERE length(s.samples_us) <> 8 * m.sample_count LIMIT 20",
            Severity::damage, findings);
  rows_like(database,
            "SELECT 'winner of operator ' || operator || ' on hardware ' || hardware || ': "
            "measured without a time' FROM winners WHERE basis = 'measured' AND measured_us IS "
            "NULL LIMIT 20",
            Severity::damage, findings);
  rows_like(database,
            "SELECT 'kernel ' || k.kernel || ': no measurement refers to it' FROM kernels k "
            "WHERE NOT EXISTS (SELECT 1 FROM builds b JOIN measurements m ON m.build = b.id "
            "WHERE b.kernel = k.id) AND NOT EXISTS (SELECT 1 FROM builds b JOIN winners w ON "
            "w.build = b.id WHERE b.kernel = k.id) AND NOT EXISTS (SELECT 1 FROM builds b JOIN defaults d "
            "ON d.build = b.id WHERE b.kernel = k.id) AND NOT EXISTS (SELECT 1 FROM builds b JOIN ranges r "
            "ON r.build = b.id WHERE b.kernel = k.id) LIMIT 20",
            Severity::note, findings);
  rows_like(database,
            "SELECT 'run ' || id || ' (' || command || ') never ended' FROM runs "
            "WHERE state = 'running' LIMIT 20",
            Severity::note, findings);
  return findings;
}

}  // namespace perftune
