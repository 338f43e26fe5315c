#include <fmt/format.h>

#include <cstring>
#include <map>
#include <sstream>

#include "db/sqlite.hpp"
#include "db/store.hpp"
#include "recipes/error.hpp"

namespace perftune {

using sqlite::Query;

namespace {

// CHECK constraints keep these words valid in any store that we wrote; a forged file may differ.
template <class Value>
Value known(const std::optional<Value>& value, const Store& store, std::string_view word) {
  if (value) return *value;
  throw Error(ErrorKind::store,
              fmt::format("{}: the store is damaged (unknown word {:?})", store.path(), word));
}

std::optional<PredictedTime> predicted_at(const Query& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return PredictedTime{row.real(column), row.real(column + 1), row.real(column + 2),
                       row.text(column + 3)};
}

KernelRecord kernel_at(const Query& row, int column) {
  return {.id = row.text(column),
          .family = row.text(column + 1),
          .target = row.text(column + 2),
          .program = row.text(column + 3),
          .language = row.text(column + 4),
          .entry = row.text(column + 5),
          .source = row.text(column + 6)};
}

Toolchain toolchain_at(const Query& row, int column) {
  return {row.text(column), row.text(column + 1), row.text(column + 2), row.text(column + 3)};
}

std::optional<Resources> resources_at(const Query& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  Resources resources;
  resources.registers = static_cast<int>(row.integer(column));
  resources.shared_bytes = row.integer(column + 1);
  resources.spill_bytes = row.integer(column + 2);
  resources.stack_bytes = row.integer(column + 3);
  std::istringstream warnings(row.text(column + 4));
  for (std::string line; std::getline(warnings, line);) resources.warnings.push_back(line);
  return resources;
}

}  // namespace

std::vector<RecordedOutcome> Store::outcomes(HardwareId hardware, const Validity& validity) {
  Query row = database_->query(
      "SELECT m.id, k.kernel, k.program, m.phase, m.predicted_us, m.predicted_low_us, "
      "  m.predicted_high_us, m.limiter, m.outcome, m.detail, m.verified_by, m.median_us, "
      "  m.spread, m.compile_seconds, m.verify_seconds, m.measure_seconds, b.registers, "
      "  b.shared_bytes, b.spill_bytes, b.stack_bytes, b.warnings, p.driver, p.toolkit, "
      "  p.device_serial, p.host, p.perftune_version, m.clock_mhz, m.taken_at_ms "
      "FROM measurements m JOIN builds b ON b.id = m.build JOIN kernels k ON k.id = b.kernel "
      "JOIN provenances p ON p.id = m.provenance "
      "WHERE m.operator = (SELECT id FROM operators WHERE signature = ?) AND m.hardware = ? "
      "  AND m.policy = (SELECT id FROM policies WHERE policy = ?) "
      "  AND b.toolchain = (SELECT id FROM toolchains WHERE arch = ? AND codegen_version = ? "
      "                     AND compiler = ? AND flags = ?) "
      "ORDER BY m.taken_at_ms, m.id");
  row.bind(validity.signature).bind(static_cast<std::int64_t>(hardware)).bind(validity.policy);
  row.bind(validity.toolchain.arch).bind(validity.toolchain.codegen_version);
  row.bind(validity.toolchain.compiler).bind(validity.toolchain.flags);

  // By kernel and phase; later rows replace earlier ones.
  std::map<std::pair<std::string, Phase>, RecordedOutcome> latest;
  while (row.step()) {
    RecordedOutcome found;
    found.id = MeasurementId{row.integer(0)};
    found.kernel = row.text(1);
    found.program = row.text(2);
    found.phase = known(parse_phase(row.view(3)), *this, row.view(3));
    found.predicted = predicted_at(row, 4);
    found.outcome.kind = known(parse_outcome_kind(row.view(8)), *this, row.view(8));
    found.outcome.detail = row.text(9);
    found.outcome.verified_by = known(parse_verified_by(row.view(10)), *this, row.view(10));
    if (!row.is_null(11)) found.outcome.timing = Timing{row.real(11), row.real(12), {}};
    found.outcome.compile_seconds = row.real(13);
    found.outcome.verify_seconds = row.real(14);
    found.outcome.measure_seconds = row.real(15);
    found.outcome.resources = resources_at(row, 16);
    found.provenance = {row.text(21), row.text(22),          row.text(23),   row.text(24),
                        row.text(25), row.optional_real(26), row.integer(27)};
    const std::pair key(found.kernel, found.phase);
    latest.insert_or_assign(key, std::move(found));
  }
  std::vector<RecordedOutcome> all;
  all.reserve(latest.size());
  for (auto& [kernel, outcome] : latest) all.push_back(std::move(outcome));
  return all;
}

std::vector<PendingCandidate> Store::pending(HardwareId hardware) {
  Query row = database_->query(
      "SELECT m.id, m.operator, n.name, n.definition, o.signature, k.kernel, k.family, k.target, "
      "  k.program, k.language, k.entry, k.source, t.arch, t.codegen_version, t.compiler, t.flags, "
      "  q.policy, m.predicted_us, m.predicted_low_us, m.predicted_high_us, m.limiter "
      "FROM measurements m JOIN operators o ON o.id = m.operator "
      "JOIN builds b ON b.id = m.build JOIN kernels k ON k.id = b.kernel "
      "JOIN toolchains t ON t.id = b.toolchain JOIN policies q ON q.id = m.policy "
      // One name is enough; one that comes with a definition is better.
      "LEFT JOIN operator_names n ON n.operator = m.operator AND n.name = (SELECT name FROM "
      "  operator_names WHERE operator = m.operator ORDER BY definition = '', name LIMIT 1) "
      "WHERE m.hardware = ? AND m.outcome = 'pending' AND NOT EXISTS ("
      "  SELECT 1 FROM measurements later WHERE later.build = m.build "
      "  AND later.operator = m.operator AND later.hardware = m.hardware "
      "  AND (later.taken_at_ms, later.id) > (m.taken_at_ms, m.id)) "
      "ORDER BY m.predicted_us IS NULL, m.predicted_us, k.kernel");
  row.bind(static_cast<std::int64_t>(hardware));
  std::vector<PendingCandidate> found;
  while (row.step()) {
    found.push_back({.id = MeasurementId{row.integer(0)},
                     .op = OperatorId{row.integer(1)},
                     .operator_name = row.text(2),
                     .definition = row.text(3),
                     .signature = row.text(4),
                     .kernel = kernel_at(row, 5),
                     .toolchain = toolchain_at(row, 12),
                     .policy = row.text(16),
                     .predicted = predicted_at(row, 17)});
  }
  return found;
}

std::optional<WinnerRecord> Store::winner(std::string_view signature, HardwareId hardware,
                                          std::string_view policy) {
  Query row = database_->query(
      "SELECT k.kernel, k.family, k.target, k.program, k.language, k.entry, k.source, t.arch, "
      "  t.codegen_version, t.compiler, t.flags, w.basis, w.measured_us, w.predicted_us, w.ties, "
      "  w.decided_at_ms, w.build "
      "FROM operators o JOIN winners w ON w.operator = o.id "
      "JOIN policies q ON q.id = w.policy JOIN builds b ON b.id = w.build "
      "JOIN kernels k ON k.id = b.kernel JOIN toolchains t ON t.id = b.toolchain "
      "WHERE o.signature = ? AND w.hardware = ? AND (?3 = '' OR q.policy = ?3) "
      "ORDER BY w.basis = 'measured' DESC, w.decided_at_ms DESC, q.policy LIMIT 1");
  row.bind(signature).bind(static_cast<std::int64_t>(hardware)).bind(policy);
  if (!row.step()) return std::nullopt;
  WinnerRecord winner;
  winner.kernel = kernel_at(row, 0);
  winner.toolchain = toolchain_at(row, 7);
  winner.basis = known(parse_basis(row.view(11)), *this, row.view(11));
  winner.measured_us = row.optional_real(12);
  winner.predicted_us = row.optional_real(13);
  std::istringstream ties(row.text(14));
  for (std::string id; ties >> id;) winner.ties.push_back(id);
  winner.decided_at_ms = row.integer(15);

  Query latest = database_->query(
      "SELECT p.driver, p.toolkit, p.device_serial, p.host, p.perftune_version, m.clock_mhz, "
      "  m.taken_at_ms "
      "FROM measurements m JOIN provenances p ON p.id = m.provenance "
      "WHERE m.build = ? AND m.hardware = ? AND m.operator = (SELECT id FROM operators WHERE "
      "  signature = ?) ORDER BY m.taken_at_ms DESC, m.id DESC LIMIT 1");
  latest.bind(row.integer(16)).bind(static_cast<std::int64_t>(hardware)).bind(signature);
  if (latest.step()) {
    winner.provenance = {latest.text(0), latest.text(1),          latest.text(2),   latest.text(3),
                         latest.text(4), latest.optional_real(5), latest.integer(6)};
  }
  return winner;
}

std::optional<HardwareId> Store::find_hardware(const HardwareRecord& hardware) {
  Query row = database_->query(
      "SELECT id FROM hardware WHERE name = ? AND vendor_name = ? AND arch = ? AND units = ?");
  row.bind(hardware.name).bind(hardware.vendor_name).bind(hardware.arch).bind(hardware.units);
  if (!row.step()) return std::nullopt;
  return HardwareId{row.integer(0)};
}

std::optional<OperatorId> Store::find_operator(std::string_view signature) {
  Query row = database_->query("SELECT id FROM operators WHERE signature = ?");
  row.bind(signature);
  if (!row.step()) return std::nullopt;
  return OperatorId{row.integer(0)};
}

std::optional<KernelRecord> Store::kernel(std::string_view id_prefix) {
  Query row = database_->query(
      "SELECT kernel, family, target, program, language, entry, source FROM kernels "
      "WHERE kernel >= ? AND kernel < ? LIMIT 2");
  row.bind(id_prefix).bind(std::string(id_prefix) + '\x7f');  // ids are hexadecimal
  if (!row.step()) return std::nullopt;
  KernelRecord found = kernel_at(row, 0);
  if (row.step()) {
    throw Error(ErrorKind::usage, fmt::format("{:?} begins several kernel ids ({}, {}, ...); give "
                                              "more digits",
                                              id_prefix, found.id, row.view(0)));
  }
  return found;
}

std::vector<double> Store::samples(MeasurementId measurement) {
  Query row = database_->query("SELECT samples_us FROM samples WHERE measurement = ?");
  row.bind(static_cast<std::int64_t>(measurement));
  if (!row.step()) return {};
  const auto bytes = row.blob(0);
  std::vector<double> samples(bytes.size() / sizeof(double));
  if (!samples.empty()) std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof(double));
  return samples;
}

std::string Store::binary(std::string_view kernel_id, const Toolchain& toolchain) {
  Query row = database_->query(
      "SELECT b.binary FROM builds b JOIN kernels k ON k.id = b.kernel "
      "JOIN toolchains t ON t.id = b.toolchain WHERE k.kernel = ? AND t.arch = ? "
      "AND t.codegen_version = ? AND t.compiler = ? AND t.flags = ?");
  row.bind(kernel_id).bind(toolchain.arch).bind(toolchain.codegen_version);
  row.bind(toolchain.compiler).bind(toolchain.flags);
  if (!row.step() || row.is_null(0)) return {};
  const auto bytes = row.blob(0);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<std::vector<std::byte>> Store::model(std::string_view model_name) {
  Query row = database_->query(
      "SELECT weights FROM models WHERE name = ? ORDER BY trained_at_ms DESC, uid LIMIT 1");
  row.bind(model_name);
  if (!row.step()) return std::nullopt;
  const auto bytes = row.blob(0);
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

std::string Store::model_summary(std::string_view model_name) {
  Query row = database_->query(
      "SELECT summary FROM models WHERE name = ? ORDER BY trained_at_ms DESC, uid LIMIT 1");
  row.bind(model_name);
  return row.step() ? row.text(0) : "";
}

}  // namespace perftune
