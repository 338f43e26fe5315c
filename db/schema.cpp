#include "db/schema.hpp"

#include <array>
#include <map>
#include <string>
#include <utility>

#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune::sqlite {

namespace {

// Normalised so that a text appears once; enumerations are words, so that a reader with plain
// `sqlite3` needs no table of numbers.
constexpr const char* first_tables = R"sql(
CREATE TABLE hardware (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  vendor_name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('gpu', 'cpu')),
  arch TEXT NOT NULL,
  units INTEGER NOT NULL,
  description TEXT NOT NULL,
  described_at_ms INTEGER NOT NULL,
  UNIQUE (name, vendor_name, arch, units)
) STRICT;

CREATE TABLE operators (
  id INTEGER PRIMARY KEY,
  signature TEXT NOT NULL UNIQUE,
  structure TEXT NOT NULL,
  family TEXT NOT NULL,
  dtype TEXT NOT NULL,
  flops REAL NOT NULL,
  compulsory_bytes REAL NOT NULL
) STRICT;

CREATE TABLE operator_names (
  operator INTEGER NOT NULL REFERENCES operators,
  name TEXT NOT NULL,
  definition TEXT NOT NULL,
  PRIMARY KEY (operator, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_names_by_name ON operator_names (name);

CREATE TABLE operator_dims (
  operator INTEGER NOT NULL REFERENCES operators,
  name TEXT NOT NULL,
  dim TEXT NOT NULL,
  extent INTEGER NOT NULL,
  PRIMARY KEY (operator, name, dim)
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_dims_by_extent ON operator_dims (dim, extent);

CREATE TABLE kernels (
  id INTEGER PRIMARY KEY,
  kernel TEXT NOT NULL UNIQUE,
  family TEXT NOT NULL,
  target TEXT NOT NULL,
  program TEXT NOT NULL,
  language TEXT NOT NULL,
  entry TEXT NOT NULL,
  source TEXT NOT NULL,
  source_hash TEXT NOT NULL
) STRICT;

CREATE TABLE toolchains (
  id INTEGER PRIMARY KEY,
  arch TEXT NOT NULL,
  codegen_version TEXT NOT NULL,
  compiler TEXT NOT NULL,
  flags TEXT NOT NULL,
  UNIQUE (arch, codegen_version, compiler, flags)
) STRICT;

CREATE TABLE builds (
  id INTEGER PRIMARY KEY,
  kernel INTEGER NOT NULL REFERENCES kernels,
  toolchain INTEGER NOT NULL REFERENCES toolchains,
  registers INTEGER,
  shared_bytes INTEGER,
  spill_bytes INTEGER,
  stack_bytes INTEGER,
  warnings TEXT,
  binary BLOB,
  UNIQUE (kernel, toolchain)
) STRICT;

CREATE TABLE policies (
  id INTEGER PRIMARY KEY,
  policy TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE provenances (
  id INTEGER PRIMARY KEY,
  driver TEXT NOT NULL,
  toolkit TEXT NOT NULL,
  device_serial TEXT NOT NULL,
  host TEXT NOT NULL,
  perftune_version TEXT NOT NULL,
  UNIQUE (driver, toolkit, device_serial, host, perftune_version)
) STRICT;

CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  command TEXT NOT NULL,
  seed INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'interrupted', 'failed')),
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER
) STRICT;

CREATE TABLE measurements (
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL UNIQUE,
  run INTEGER NOT NULL REFERENCES runs,
  operator INTEGER NOT NULL REFERENCES operators,
  hardware INTEGER NOT NULL REFERENCES hardware,
  build INTEGER NOT NULL REFERENCES builds,
  policy INTEGER NOT NULL REFERENCES policies,
  provenance INTEGER NOT NULL REFERENCES provenances,
  phase TEXT NOT NULL CHECK (phase IN ('screening', 'confirmation')),
  outcome TEXT NOT NULL CHECK (outcome IN ('timed', 'pending', 'compile_failed', 'rejected',
    'launch_failed', 'crashed', 'timed_out', 'wrong_result', 'noisy')),
  detail TEXT NOT NULL,
  verified_by TEXT NOT NULL CHECK (verified_by IN ('none', 'emulation', 'device')),
  median_us REAL,
  spread REAL,
  sample_count INTEGER NOT NULL,
  predicted_us REAL,
  predicted_low_us REAL,
  predicted_high_us REAL,
  limiter TEXT NOT NULL,
  roofline_us REAL,
  compile_seconds REAL NOT NULL,
  verify_seconds REAL NOT NULL,
  measure_seconds REAL NOT NULL,
  clock_mhz REAL,
  taken_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX measurements_by_operator
  ON measurements (operator, hardware, policy, median_us);
CREATE INDEX measurements_by_build ON measurements (build);
CREATE INDEX measurements_by_time ON measurements (taken_at_ms);
CREATE INDEX measurements_pending ON measurements (hardware) WHERE outcome = 'pending';

CREATE TABLE samples (
  measurement INTEGER PRIMARY KEY REFERENCES measurements ON DELETE CASCADE,
  samples_us BLOB NOT NULL
) STRICT;

CREATE TABLE winners (
  operator INTEGER NOT NULL REFERENCES operators,
  hardware INTEGER NOT NULL REFERENCES hardware,
  policy INTEGER NOT NULL REFERENCES policies,
  build INTEGER NOT NULL REFERENCES builds,
  basis TEXT NOT NULL CHECK (basis IN ('measured', 'predicted')),
  measured_us REAL,
  predicted_us REAL,
  ties TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES runs,
  decided_at_ms INTEGER NOT NULL,
  PRIMARY KEY (operator, hardware, policy)
) STRICT, WITHOUT ROWID;

CREATE TABLE models (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  uid TEXT NOT NULL UNIQUE,
  trained_at_ms INTEGER NOT NULL,
  summary TEXT NOT NULL,
  weights BLOB NOT NULL
) STRICT;
)sql";

// Version 2: what queries over a million measurements need, and views for readers with plain
// `sqlite3`, DuckDB or pandas. Our own connections never use views.
constexpr const char* fast_queries = R"sql(
ALTER TABLE winners ADD COLUMN roofline_us REAL;
CREATE INDEX winners_by_build ON winners (build);
CREATE INDEX measurements_by_run ON measurements (run);
CREATE INDEX operators_by_structure ON operators (structure);
CREATE INDEX measurements_by_candidate ON measurements (operator, hardware, build, taken_at_ms);
CREATE INDEX measurements_by_hardware ON measurements (hardware, taken_at_ms);
CREATE INDEX measurements_by_outcome ON measurements (outcome, taken_at_ms);
CREATE INDEX measurements_by_fraction ON measurements (roofline_us / median_us)
  WHERE roofline_us IS NOT NULL;

CREATE VIEW operator_rows AS
SELECT o.id AS operator_id,
  (SELECT min(name) FROM operator_names n WHERE n.operator = o.id) AS operator,
  (SELECT json_group_object(dim, extent) FROM operator_dims d WHERE d.operator = o.id AND d.name =
    (SELECT min(name) FROM operator_names n WHERE n.operator = o.id)) AS dims,
  o.family, o.dtype, o.flops, o.compulsory_bytes, o.signature
FROM operators o;

CREATE VIEW measurement_rows AS
SELECT m.id AS measurement_id, o.operator, o.dims, o.family, o.dtype, h.name AS hardware, h.arch,
  k.kernel, k.target, k.program, m.phase, m.outcome, m.detail, m.verified_by,
  m.median_us, m.spread, m.sample_count, m.predicted_us, m.predicted_low_us, m.predicted_high_us,
  m.limiter, m.roofline_us, m.roofline_us / m.median_us AS fraction,
  o.flops / m.median_us / 1e6 AS tflops, b.registers, b.shared_bytes, b.spill_bytes,
  t.codegen_version, t.compiler, t.flags, q.policy, p.driver, p.toolkit, p.device_serial, p.host,
  p.perftune_version, m.clock_mhz,
  strftime('%Y-%m-%dT%H:%M:%SZ', m.taken_at_ms / 1000, 'unixepoch') AS taken_at, o.signature
FROM measurements m JOIN operator_rows o ON o.operator_id = m.operator
JOIN hardware h ON h.id = m.hardware JOIN builds b ON b.id = m.build
JOIN kernels k ON k.id = b.kernel JOIN toolchains t ON t.id = b.toolchain
JOIN policies q ON q.id = m.policy JOIN provenances p ON p.id = m.provenance;

CREATE VIEW winner_rows AS
SELECT o.operator, o.dims, o.family, o.dtype, h.name AS hardware, h.arch, k.kernel, k.target,
  k.program, w.basis, w.measured_us, w.predicted_us, w.roofline_us,
  w.roofline_us / w.measured_us AS fraction, o.flops / w.measured_us / 1e6 AS tflops, w.ties,
  q.policy, t.codegen_version, t.compiler, t.flags,
  strftime('%Y-%m-%dT%H:%M:%SZ', w.decided_at_ms / 1000, 'unixepoch') AS decided_at, o.signature
FROM winners w JOIN operator_rows o ON o.operator_id = w.operator
JOIN hardware h ON h.id = w.hardware JOIN builds b ON b.id = w.build
JOIN kernels k ON k.id = b.kernel JOIN toolchains t ON t.id = b.toolchain
JOIN policies q ON q.id = w.policy;
)sql";

// Version 3: an index for every condition on a measurement's own numbers and words, so that a rare one
// is found without reading the million; and which operators a suite calls how often.
constexpr const char* rare_rows = R"sql(
CREATE INDEX measurements_by_median ON measurements (median_us) WHERE median_us IS NOT NULL;
CREATE INDEX measurements_by_prediction ON measurements (predicted_us) WHERE predicted_us IS NOT NULL;
CREATE INDEX measurements_by_spread ON measurements (spread) WHERE spread IS NOT NULL;
CREATE INDEX measurements_by_limiter ON measurements (limiter);
CREATE INDEX measurements_by_verification ON measurements (verified_by, phase);
CREATE INDEX measurements_by_phase ON measurements (phase);
CREATE INDEX measurements_by_policy ON measurements (policy);
CREATE INDEX measurements_by_provenance ON measurements (provenance);
CREATE TABLE suites (
  suite TEXT NOT NULL,
  operator INTEGER NOT NULL REFERENCES operators,
  weight REAL NOT NULL,
  PRIMARY KEY (suite, operator)
) STRICT, WITHOUT ROWID;
CREATE INDEX suites_by_operator ON suites (operator);

CREATE VIEW suite_rows AS
SELECT s.suite, s.weight, w.operator, w.dims, w.hardware, w.policy, w.kernel, w.basis, w.measured_us,
  w.predicted_us, s.weight * coalesce(w.measured_us, w.predicted_us) AS weighted_us, w.fraction, w.signature
FROM suites s JOIN operators o ON o.id = s.operator JOIN winner_rows w ON w.signature = o.signature;
)sql";

// Version 4: the rest of the numbers that a condition may name.
constexpr const char* every_number = R"sql(
CREATE INDEX measurements_by_samples ON measurements (sample_count);
CREATE INDEX measurements_by_lower_end ON measurements (predicted_low_us) WHERE predicted_low_us IS NOT NULL;
CREATE INDEX measurements_by_upper_end ON measurements (predicted_high_us) WHERE predicted_high_us IS NOT NULL;
CREATE INDEX measurements_by_roofline ON measurements (roofline_us) WHERE roofline_us IS NOT NULL;
CREATE INDEX measurements_by_clock ON measurements (clock_mhz) WHERE clock_mhz IS NOT NULL;
)sql";

// Version 5: what the executor serves other shapes from, and a hash of each binary. A default is what
// was measured (or predicted) for an operator's untuned choice; a range is where one tuned point's
// kernel serves a dynamic dimension, with the greatest regret seen at shapes between the points.
constexpr const char* other_shapes = R"sql(
ALTER TABLE builds ADD COLUMN binary_hash TEXT;
CREATE TABLE defaults (
  operator INTEGER NOT NULL REFERENCES operators,
  hardware INTEGER NOT NULL REFERENCES hardware,
  build INTEGER NOT NULL REFERENCES builds,
  us REAL NOT NULL,
  PRIMARY KEY (operator, hardware)
) STRICT, WITHOUT ROWID;
CREATE INDEX defaults_by_build ON defaults (build);
CREATE TABLE ranges (
  operator INTEGER NOT NULL REFERENCES operators,
  hardware INTEGER NOT NULL REFERENCES hardware,
  dim TEXT NOT NULL,
  low INTEGER NOT NULL,
  high INTEGER NOT NULL,
  build INTEGER NOT NULL REFERENCES builds,
  regret REAL,
  PRIMARY KEY (operator, hardware, dim)
) STRICT, WITHOUT ROWID;
CREATE INDEX ranges_by_build ON ranges (build);
)sql";

// Version 6: under what a GPU's time was taken, and what its counters said of a kernel.
constexpr const char* device_facts = R"sql(
CREATE TABLE conditions (
  measurement INTEGER PRIMARY KEY REFERENCES measurements ON DELETE CASCADE,
  clock TEXT NOT NULL CHECK (clock IN ('cupti', 'event')),
  launch_us REAL,
  sm_mhz_before REAL, sm_mhz_after REAL,
  memory_mhz_before REAL, memory_mhz_after REAL,
  temperature_c_before REAL, temperature_c_after REAL,
  power_w_before REAL, power_w_after REAL,
  reasons_before TEXT, reasons_after TEXT,
  throttled INTEGER NOT NULL
) STRICT;

CREATE TABLE counters (
  operator INTEGER NOT NULL REFERENCES operators,
  hardware INTEGER NOT NULL REFERENCES hardware,
  build INTEGER NOT NULL REFERENCES builds,
  metric TEXT NOT NULL,
  name TEXT NOT NULL,
  value REAL NOT NULL,
  taken_at_ms INTEGER NOT NULL,
  PRIMARY KEY (operator, hardware, build, metric)
) STRICT, WITHOUT ROWID;
CREATE INDEX counters_by_build ON counters (build);
)sql";

// Version 7: what the source of a kernel was generated for, so that a launch need not generate it again;
// and the headers that CUDA sources include, so that it can be compiled for another architecture.
constexpr const char* origins = R"sql(
CREATE TABLE origins (
  kernel INTEGER NOT NULL REFERENCES kernels,
  structure TEXT NOT NULL,
  seal TEXT NOT NULL,
  PRIMARY KEY (kernel, structure)
) STRICT, WITHOUT ROWID;
CREATE TABLE device_headers (
  codegen_version TEXT NOT NULL,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (codegen_version, name)
) STRICT;
)sql";

constexpr std::array migrations = {first_tables, fast_queries, rare_rows, every_number,
                                  other_shapes, device_facts, origins};

// (type, name) -> the text that made it. Statistics of ANALYZE are not part of a schema.
using Objects = std::map<std::pair<std::string, std::string>, std::string>;

Objects objects(Database& database) {
  Objects found;
  Query rows = database.query(
      "SELECT type, name, coalesce(sql, '') FROM sqlite_schema "
      "WHERE name NOT IN ('sqlite_stat1', 'sqlite_stat4')");
  while (rows.step()) found[{rows.text(0), rows.text(1)}] = rows.text(2);
  return found;
}

}  // namespace

int schema_version() { return static_cast<int>(migrations.size()); }

void migrate(Database& database, int from, int to) {
  for (int version = from; version < to; ++version) {
    database.execute(migrations[static_cast<std::size_t>(version)]);
  }
  // PRAGMA takes no parameters; both are integers of ours.
  database.execute(
      words("PRAGMA application_id = {}; PRAGMA user_version = {};", application_id, to)
          .c_str());
}

void require_schema(Database& database, int version) {
  Database reference = Database::in_memory();
  migrate(reference, 0, version);
  const Objects expected = objects(reference);
  const Objects found = objects(database);
  const auto refuse = [&](std::string_view what,
                          const std::pair<std::string, std::string>& object) {
    throw Error(ErrorKind::store, words("{}: not a store as perftune makes it: {} {} {}",
                                              database.path(), what, object.first, quoted(object.second)));
  };
  for (const auto& [object, sql] : found) {
    const auto match = expected.find(object);
    if (match == expected.end()) refuse("unexpected", object);
    if (match->second != sql) refuse("altered", object);
  }
  for (const auto& [object, sql] : expected) {
    if (!found.contains(object)) refuse("missing", object);
  }
}

}  // namespace perftune::sqlite
