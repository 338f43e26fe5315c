#include "db/rows.hpp"

#include <fmt/ranges.h>

#include <chrono>
#include <span>

#include "db/digest.hpp"

namespace perftune::sqlite {

namespace {

std::span<const std::byte> as_blob(std::string_view bytes) {
  return std::as_bytes(std::span(bytes.data(), bytes.size()));
}

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

}  // namespace

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string source_hash(std::string_view source) { return Digest().add(source).hex(); }

HardwareId put(Database& database, const HardwareRecord& hardware, std::int64_t described_at_ms) {
  // The newest description wins, and of two equally new ones the greater text: merging in either
  // order gives the same row.
  Query row = database.query(
      "INSERT INTO hardware (name, vendor_name, kind, arch, units, description, described_at_ms) "
      "VALUES (?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (name, vendor_name, arch, units) DO UPDATE SET "
      "  description = excluded.description, described_at_ms = excluded.described_at_ms "
      "WHERE excluded.description <> '' AND (excluded.described_at_ms, excluded.description) > "
      "  (described_at_ms, description)");
  row.bind(hardware.name).bind(hardware.vendor_name).bind(hardware.kind).bind(hardware.arch);
  row.bind(hardware.units).bind(hardware.description).bind(described_at_ms).run();
  Query found = database.query(
      "SELECT id FROM hardware WHERE name = ? AND vendor_name = ? AND arch = ? AND units = ?");
  found.bind(hardware.name).bind(hardware.vendor_name).bind(hardware.arch).bind(hardware.units);
  found.step();
  return HardwareId{found.integer(0)};
}

OperatorId put(Database& database, const OperatorRecord& op) {
  database
      .query(
          "INSERT OR IGNORE INTO operators (signature, structure, family, dtype, flops, "
          "compulsory_bytes) VALUES (?, ?, ?, ?, ?, ?)")
      .bind(op.signature)
      .bind(op.structure)
      .bind(op.family)
      .bind(op.dtype)
      .bind(op.flops)
      .bind(op.compulsory_bytes)
      .run();
  Query found = database.query("SELECT id FROM operators WHERE signature = ?");
  found.bind(op.signature).step();
  const std::int64_t id = found.integer(0);
  if (op.name.empty()) return OperatorId{id};
  database
      .query(
          "INSERT INTO operator_names (operator, name, definition) VALUES (?, ?, ?) "
          "ON CONFLICT DO UPDATE SET definition = max(definition, excluded.definition)")
      .bind(id)
      .bind(op.name)
      .bind(op.definition)
      .run();
  for (const auto& [dim, extent] : op.dims) {
    database
        .query(
            "INSERT INTO operator_dims (operator, name, dim, extent) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET extent = max(extent, excluded.extent)")
        .bind(id)
        .bind(op.name)
        .bind(dim)
        .bind(extent)
        .run();
  }
  return OperatorId{id};
}

std::int64_t put(Database& database, const KernelRecord& kernel) {
  // An imported measurement may know a kernel's name before its source is known.
  database
      .query(
          "INSERT INTO kernels (kernel, family, target, program, language, entry, source, "
          "source_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT (kernel) DO UPDATE SET source = excluded.source, "
          "  source_hash = excluded.source_hash, entry = excluded.entry "
          "WHERE source = '' AND excluded.source <> ''")
      .bind(kernel.id)
      .bind(kernel.family)
      .bind(kernel.target)
      .bind(kernel.program)
      .bind(kernel.language)
      .bind(kernel.entry)
      .bind(kernel.source)
      .bind(source_hash(kernel.source))
      .run();
  Query found = database.query("SELECT id FROM kernels WHERE kernel = ?");
  found.bind(kernel.id).step();
  return found.integer(0);
}

std::int64_t put(Database& database, const Toolchain& toolchain) {
  Query found = database.query(
      "SELECT id FROM toolchains WHERE arch = ? AND codegen_version = ? AND compiler = ? "
      "AND flags = ?");
  found.bind(toolchain.arch).bind(toolchain.codegen_version);
  found.bind(toolchain.compiler).bind(toolchain.flags);
  if (found.step()) return found.integer(0);
  database
      .query("INSERT INTO toolchains (arch, codegen_version, compiler, flags) VALUES (?, ?, ?, ?)")
      .bind(toolchain.arch)
      .bind(toolchain.codegen_version)
      .bind(toolchain.compiler)
      .bind(toolchain.flags)
      .run();
  return database.last_insert_id();
}

std::int64_t put(Database& database, const Provenance& provenance) {
  Query found = database.query(
      "SELECT id FROM provenances WHERE driver = ? AND toolkit = ? AND device_serial = ? "
      "AND host = ? AND perftune_version = ?");
  found.bind(provenance.driver).bind(provenance.toolkit).bind(provenance.device_serial);
  found.bind(provenance.host).bind(provenance.perftune_version);
  if (found.step()) return found.integer(0);
  database
      .query(
          "INSERT INTO provenances (driver, toolkit, device_serial, host, perftune_version) "
          "VALUES (?, ?, ?, ?, ?)")
      .bind(provenance.driver)
      .bind(provenance.toolkit)
      .bind(provenance.device_serial)
      .bind(provenance.host)
      .bind(provenance.perftune_version)
      .run();
  return database.last_insert_id();
}

std::int64_t put_policy(Database& database, std::string_view policy) {
  Query found = database.query("SELECT id FROM policies WHERE policy = ?");
  found.bind(policy);
  if (found.step()) return found.integer(0);
  database.query("INSERT INTO policies (policy) VALUES (?)").bind(policy).run();
  return database.last_insert_id();
}

std::int64_t put_build(Database& database, std::int64_t kernel, std::int64_t toolchain) {
  Query found = database.query("SELECT id FROM builds WHERE kernel = ? AND toolchain = ?");
  found.bind(kernel).bind(toolchain);
  if (found.step()) return found.integer(0);
  database.query("INSERT INTO builds (kernel, toolchain) VALUES (?, ?)")
      .bind(kernel)
      .bind(toolchain)
      .run();
  return database.last_insert_id();
}

void put_build_facts(Database& database, std::int64_t build, const Resources& resources,
                     std::string_view binary) {
  Query row = database.query(
      "UPDATE builds SET registers = ?, shared_bytes = ?, spill_bytes = ?, stack_bytes = ?, "
      "warnings = ?, binary = coalesce(?, binary) WHERE id = ?");
  row.bind(resources.registers).bind(resources.shared_bytes).bind(resources.spill_bytes);
  row.bind(resources.stack_bytes).bind(fmt::format("{}", fmt::join(resources.warnings, "\n")));
  binary.empty() ? row.bind(nullptr) : row.bind(as_blob(binary));
  row.bind(build).run();
}

MeasurementId put(Database& database, RunId run, const MeasurementRecord& m) {
  const Outcome& outcome = m.outcome;
  const std::int64_t run_id = static_cast<std::int64_t>(run);
  const std::int64_t taken_at = m.provenance.taken_at_ms != 0 ? m.provenance.taken_at_ms : now_ms();
  const std::string run_uid = text_of(database, "SELECT uid FROM runs WHERE id = ?", run_id);
  const std::string signature = text_of(database, "SELECT signature FROM operators WHERE id = ?",
                                        static_cast<std::int64_t>(m.op));
  const auto uid = measurement_uid(run_uid, signature, m, taken_at).bytes();

  const std::int64_t build =
      put_build(database, put(database, m.kernel), put(database, m.toolchain));
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
  return MeasurementId{id};
}

}  // namespace perftune::sqlite
