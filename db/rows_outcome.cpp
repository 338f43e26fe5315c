#include <fmt/ranges.h>

#include <span>

#include "codegen/cuda/headers.hpp"
#include "codegen/version.hpp"
#include "db/digest.hpp"
#include "db/origins.hpp"
#include "db/rows.hpp"

namespace perftune::sqlite {

namespace {

// Names a measurement by what was measured, when and with what result: the same row in two copies
// of a store is one row after a merge.
Digest measurement_uid(const std::string& run_uid, const std::string& signature,
                       const MeasurementRecord& m, std::int64_t taken_at_ms) {
  Digest digest;
  digest.add(run_uid).add(signature).add(m.kernel.id).add(m.toolchain.arch);
  digest.add(m.toolchain.codegen_version).add(m.toolchain.compiler).add(m.toolchain.flags);
  digest.add(m.policy).add(name(m.phase)).add(name(m.outcome.kind)).add(taken_at_ms);
  digest.add(m.outcome.timing ? m.outcome.timing->median_us : -1.0);
  return digest;
}

std::string text_of(Database& database, std::string_view sql, std::int64_t id) {
  Query row = database.query(sql);
  row.bind(id);
  return row.step() ? row.text(0) : std::string();
}

void put_conditions(Database& database, std::int64_t measurement, const Conditions& conditions) {
  Query row = database.query(
      "INSERT INTO conditions (measurement, clock, launch_us, sm_mhz_before, sm_mhz_after, "
      "memory_mhz_before, memory_mhz_after, temperature_c_before, temperature_c_after, "
      "power_w_before, power_w_after, reasons_before, reasons_after, throttled) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  row.bind(measurement).bind(conditions.clock).bind(conditions.launch_us);
  const auto pair = [&](double DeviceState::* field) {
    for (const auto* state : {&conditions.before, &conditions.after}) {
      *state && (**state).*field > 0 ? row.bind((**state).*field) : row.bind(nullptr);
    }
  };
  pair(&DeviceState::sm_mhz);
  pair(&DeviceState::memory_mhz);
  pair(&DeviceState::temperature_c);
  pair(&DeviceState::power_w);
  for (const auto* state : {&conditions.before, &conditions.after}) {
    *state ? row.bind((*state)->reasons) : row.bind(nullptr);
  }
  row.bind(std::int64_t{conditions.throttled}).run();
}

}  // namespace

MeasurementId put(Database& database, RunId run, const MeasurementRecord& m) {
  const Outcome& outcome = m.outcome;
  const std::int64_t run_id = static_cast<std::int64_t>(run);
  const std::int64_t taken_at = m.provenance.taken_at_ms != 0 ? m.provenance.taken_at_ms : now_ms();
  const std::string run_uid = text_of(database, "SELECT uid FROM runs WHERE id = ?", run_id);
  const std::string signature = text_of(database, "SELECT signature FROM operators WHERE id = ?",
                                        static_cast<std::int64_t>(m.op));
  const auto uid = measurement_uid(run_uid, signature, m, taken_at).bytes();

  const std::int64_t kernel = put(database, m.kernel);
  put_origin(database, kernel, text_of(database, "SELECT structure FROM operators WHERE id = ?", static_cast<std::int64_t>(m.op)),
             m.kernel);
  if (m.kernel.language == "cuda" && m.toolchain.codegen_version == codegen_version())
    put_headers(database, m.toolchain.codegen_version, cuda_device_headers());
  const std::int64_t build = put_build(database, kernel, put(database, m.toolchain));
  if (outcome.resources) put_build_facts(database, build, *outcome.resources, outcome.binary);

  Query row = database.query(
      "INSERT INTO measurements (uid, run, operator, hardware, build, policy, provenance, phase, "
      "outcome, detail, verified_by, median_us, spread, sample_count, predicted_us, "
      "predicted_low_us, predicted_high_us, limiter, roofline_us, compile_seconds, verify_seconds, "
      "measure_seconds, clock_mhz, taken_at_ms) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (uid) DO NOTHING");
  row.bind(std::span<const std::byte>(uid)).bind(run_id);
  row.bind(static_cast<std::int64_t>(m.op)).bind(static_cast<std::int64_t>(m.hardware)).bind(build);
  row.bind(put_policy(database, m.policy)).bind(put(database, m.provenance)).bind(name(m.phase));
  row.bind(name(outcome.kind)).bind(outcome.detail).bind(name(outcome.verified_by));
  if (outcome.timing) {
    row.bind(outcome.timing->median_us).bind(outcome.timing->spread);
    row.bind(static_cast<std::int64_t>(outcome.timing->samples_us.size()));
  } else {
    row.bind(nullptr).bind(nullptr).bind(0);
  }
  if (m.predicted) {
    row.bind(m.predicted->us).bind(m.predicted->low_us).bind(m.predicted->high_us);
    row.bind(m.predicted->limiter);
  } else {
    row.bind(nullptr).bind(nullptr).bind(nullptr).bind("");
  }
  row.bind(m.roofline_us).bind(outcome.compile_seconds).bind(outcome.verify_seconds);
  row.bind(outcome.measure_seconds).bind(m.provenance.clock_mhz).bind(taken_at).run();
  if (database.changes() == 0) {
    Query found = database.query("SELECT id FROM measurements WHERE uid = ?");
    found.bind(std::span<const std::byte>(uid)).step();
    return MeasurementId{found.integer(0)};
  }
  const std::int64_t id = database.last_insert_id();
  if (outcome.timing && !outcome.timing->samples_us.empty()) {
    database.query("INSERT INTO samples (measurement, samples_us) VALUES (?, ?)")
        .bind(id)
        .bind(std::as_bytes(std::span(outcome.timing->samples_us)))
        .run();
  }
  if (outcome.conditions) put_conditions(database, id, *outcome.conditions);
  return MeasurementId{id};
}

void put_winner(Database& database, const WinnerKey& key, const WinnerRecord& winner) {
  Query row = database.query(
      "INSERT OR REPLACE INTO winners (operator, hardware, policy, build, basis, measured_us, "
      "predicted_us, ties, run, decided_at_ms, roofline_us) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
      // Any measurement of the pair knows it: it belongs to operator and hardware.
      "  coalesce(?11, (SELECT roofline_us FROM measurements WHERE operator = ?1 AND hardware = ?2 "
      "   AND build = ?4 ORDER BY taken_at_ms DESC LIMIT 1)))");
  row.bind(key.op).bind(key.hardware).bind(key.policy).bind(key.build).bind(name(winner.basis));
  row.bind(winner.measured_us).bind(winner.predicted_us);
  row.bind(fmt::format("{}", fmt::join(winner.ties, " "))).bind(key.run);
  row.bind(winner.decided_at_ms != 0 ? winner.decided_at_ms : now_ms()).bind(winner.roofline_us).run();
}

}  // namespace perftune::sqlite
