#include "db/launchables.hpp"

namespace perftune {

using sqlite::Query;

namespace {

StoredChoice choice_at(const Query& row) {
  StoredChoice choice;
  choice.op = row.integer(0);
  choice.build = row.integer(1);
  choice.program = row.text(2);
  choice.basis = row.view(3) == "measured" ? Basis::measured : Basis::predicted;
  choice.us = row.real(4);
  choice.flops = row.real(5);
  choice.bytes = row.real(6);
  choice.kernel = row.text(7);
  return choice;
}

std::vector<StoredChoice> choices(Query row) {
  std::vector<StoredChoice> found;
  while (row.step()) found.push_back(choice_at(row));
  return found;
}

}  // namespace

std::vector<StoredDevice> Launchables::devices() {
  Query row = database_.query(
      "SELECT id, name, vendor_name, kind, arch, units, description FROM hardware ORDER BY id");
  std::vector<StoredDevice> found;
  while (row.step())
    found.push_back({HardwareId{row.integer(0)}, row.text(1), row.text(2), row.text(3), row.text(4),
                     row.integer(5), row.text(6)});
  return found;
}

std::optional<StoredChoice> Launchables::winner(std::string_view signature, HardwareId hardware, int threads) {
  Query row = database_.query(
      "SELECT w.operator, w.build, k.program, w.basis, coalesce(w.measured_us, w.predicted_us, 0), o.flops, "
      "  o.compulsory_bytes, k.kernel "
      "FROM operators o JOIN winners w ON w.operator = o.id JOIN policies q ON q.id = w.policy "
      "JOIN builds b ON b.id = w.build JOIN kernels k ON k.id = b.kernel "
      "WHERE o.signature = ? AND w.hardware = ? "
      "ORDER BY w.basis = 'measured' DESC, instr(q.policy, ?) > 0 DESC, w.decided_at_ms DESC, q.policy LIMIT 1");
  row.bind(signature).bind(static_cast<std::int64_t>(hardware));
  row.bind("threads=" + std::to_string(threads) + " ");
  if (!row.step()) return std::nullopt;
  return choice_at(row);
}

std::optional<StoredChoice> Launchables::runner_up(std::int64_t op, HardwareId hardware) {
  Query row = database_.query(
      "SELECT m.operator, m.build, k.program, 'measured', m.median_us, o.flops, o.compulsory_bytes, k.kernel "
      "FROM measurements m JOIN operators o ON o.id = m.operator JOIN builds b ON b.id = m.build "
      "JOIN kernels k ON k.id = b.kernel WHERE m.operator = ? AND m.hardware = ? AND m.median_us IS NOT NULL "
      "AND m.outcome IN ('timed', 'noisy') AND k.target NOT LIKE 'vendor/%' AND k.family <> 'imported' "
      "ORDER BY b.binary IS NULL, m.phase = 'confirmation' DESC, m.median_us LIMIT 1");
  row.bind(op).bind(static_cast<std::int64_t>(hardware));
  if (!row.step()) return std::nullopt;
  return choice_at(row);
}

std::vector<StoredChoice> Launchables::winners_like(std::string_view structure, HardwareId hardware, int limit) {
  Query row = database_.query(
      "SELECT w.operator, w.build, k.program, w.basis, coalesce(w.measured_us, w.predicted_us, 0), o.flops, "
      "  o.compulsory_bytes, k.kernel "
      "FROM operators o JOIN winners w ON w.operator = o.id JOIN builds b ON b.id = w.build "
      "JOIN kernels k ON k.id = b.kernel WHERE o.structure = ? AND w.hardware = ? LIMIT ?");
  row.bind(structure).bind(static_cast<std::int64_t>(hardware)).bind(limit);
  return choices(std::move(row));
}

std::vector<StoredChoice> Launchables::defaults_like(std::string_view structure, HardwareId hardware, int limit) {
  Query row = database_.query(
      "SELECT d.operator, d.build, k.program, 'predicted', d.us, o.flops, o.compulsory_bytes, k.kernel "
      "FROM operators o JOIN defaults d ON d.operator = o.id JOIN builds b ON b.id = d.build "
      "JOIN kernels k ON k.id = b.kernel WHERE o.structure = ? AND d.hardware = ? LIMIT ?");
  row.bind(structure).bind(static_cast<std::int64_t>(hardware)).bind(limit);
  return choices(std::move(row));
}

std::vector<StoredRange> Launchables::ranges_like(std::string_view structure, HardwareId hardware) {
  Query row = database_.query(
      "SELECT r.operator, r.build, k.program, w.basis, coalesce(w.measured_us, w.predicted_us, 0), o.flops, "
      "  o.compulsory_bytes, k.kernel, r.dim, r.low, r.high FROM operators o JOIN ranges r ON r.operator = o.id JOIN builds b ON b.id = r.build "
      "JOIN kernels k ON k.id = b.kernel JOIN winners w ON w.operator = r.operator AND w.hardware = r.hardware "
      "WHERE o.structure = ? AND r.hardware = ? GROUP BY r.operator, r.dim LIMIT 4096");
  row.bind(structure).bind(static_cast<std::int64_t>(hardware));
  std::vector<StoredRange> found;
  while (row.step()) found.push_back({row.text(8), row.integer(9), row.integer(10), choice_at(row)});
  return found;
}

std::vector<StoredOperator> Launchables::operators_named(std::string_view name) {
  Query row = database_.query(
      "SELECT min(o.id), o.structure, o.dtype, n.definition FROM operator_names n "
      "JOIN operators o ON o.id = n.operator WHERE n.name = ? AND n.definition <> '' GROUP BY o.structure");
  row.bind(name);
  std::vector<StoredOperator> found;
  while (row.step()) found.push_back({row.integer(0), row.text(1), row.text(2), row.text(3)});
  return found;
}

std::optional<StoredOperator> Launchables::operator_with(std::string_view signature) {
  Query row = database_.query("SELECT id, structure, dtype FROM operators WHERE signature = ?");
  row.bind(signature);
  if (!row.step()) return std::nullopt;
  StoredOperator found{row.integer(0), row.text(1), row.text(2), {}};
  found.definition = definition(found.op);
  return found;
}

std::string Launchables::definition(std::int64_t op) {
  Query row = database_.query(
      "SELECT definition FROM operator_names WHERE operator = ? AND definition <> '' ORDER BY name LIMIT 1");
  row.bind(op);
  return row.step() ? row.text(0) : std::string();
}

std::vector<std::string> Launchables::names() {
  Query row = database_.query("SELECT DISTINCT name FROM operator_names WHERE definition <> '' ORDER BY name");
  std::vector<std::string> found;
  while (row.step()) found.push_back(row.text(0));
  return found;
}

Dims Launchables::dims(std::int64_t op) {
  Query row = database_.query(
      "SELECT dim, extent FROM operator_dims WHERE operator = ?1 AND name = "
      "(SELECT min(name) FROM operator_dims WHERE operator = ?1)");
  row.bind(op);
  Dims found;
  while (row.step()) found[row.text(0)] = row.integer(1);
  return found;
}

std::optional<StoredBuild> Launchables::build(std::int64_t build) {
  Query row = database_.query(
      "SELECT k.kernel, k.program, k.language, k.entry, k.source, k.source_hash, t.arch, t.codegen_version, "
      "  b.binary, coalesce(b.binary_hash, '') FROM builds b JOIN kernels k ON k.id = b.kernel "
      "JOIN toolchains t ON t.id = b.toolchain WHERE b.id = ?");
  row.bind(build);
  if (!row.step()) return std::nullopt;
  StoredBuild found{row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5),
                    row.text(6), row.text(7), {},          row.text(9)};
  const auto bytes = row.blob(8);
  found.binary.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return found;
}

std::int64_t Launchables::data_version() {
  Query row = database_.query("PRAGMA data_version");
  return row.step() ? row.integer(0) : 0;
}

}  // namespace perftune
