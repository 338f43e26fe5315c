#include "db/kernel_use.hpp"

#include "db/sqlite.hpp"

namespace perftune {

std::optional<KernelUse> find_kernel_use(Store& store, std::string_view id_prefix) {
  auto kernel = store.kernel(id_prefix);
  if (!kernel) return std::nullopt;
  sqlite::Query row = store.database().query(
      // A kernel that is only predicted was never tried: its winner's row alone knows of it.
      "SELECT h.name, h.vendor_name, h.kind, h.arch, h.units, h.description, n.definition "
      "FROM (SELECT m.operator, m.hardware, m.taken_at_ms AS at FROM measurements m "
      "        JOIN builds b ON b.id = m.build JOIN kernels k ON k.id = b.kernel WHERE k.kernel = ?1 "
      "      UNION ALL SELECT w.operator, w.hardware, w.decided_at_ms FROM winners w "
      "        JOIN builds b ON b.id = w.build JOIN kernels k ON k.id = b.kernel WHERE k.kernel = ?1) u "
      "JOIN hardware h ON h.id = u.hardware JOIN operator_names n ON n.operator = u.operator "
      "WHERE n.definition <> '' ORDER BY u.at DESC, u.operator DESC, n.name LIMIT 1");
  row.bind(kernel->id);
  if (!row.step()) return std::nullopt;
  return KernelUse{std::move(*kernel),
                   {row.text(0), row.text(1), row.text(2), row.text(3), row.integer(4), row.text(5)},
                   row.text(6)};
}

std::vector<PastOutcome> past_outcomes(Store& store, std::string_view signature, std::string_view hardware,
                                       std::string_view vendor_name, std::int64_t limit) {
  sqlite::Query row = store.database().query(
      "SELECT k.kernel, m.outcome, m.phase, t.codegen_version, m.taken_at_ms, m.median_us "
      "FROM operators o JOIN hardware h JOIN measurements m INDEXED BY measurements_by_candidate "
      "  ON m.operator = o.id AND m.hardware = h.id "
      "JOIN builds b ON b.id = m.build JOIN kernels k ON k.id = b.kernel JOIN toolchains t ON t.id = b.toolchain "
      "WHERE o.signature = ? AND h.name = ? AND h.vendor_name = ? ORDER BY m.taken_at_ms DESC, m.id DESC LIMIT ?");
  row.bind(signature).bind(hardware).bind(vendor_name).bind(limit);
  std::vector<PastOutcome> past;
  while (row.step())
    past.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.integer(4), row.optional_real(5)});
  return past;
}

std::optional<ProgramTime> program_time(Store& store, std::string_view signature, HardwareId hardware,
                                        std::string_view program) {
  sqlite::Query row = store.database().query(
      "SELECT m.median_us, q.policy, m.taken_at_ms "
      "FROM operators o JOIN measurements m INDEXED BY measurements_by_candidate ON m.operator = o.id AND m.hardware = ? "
      "JOIN builds b ON b.id = m.build JOIN kernels k ON k.id = b.kernel JOIN policies q ON q.id = m.policy "
      "WHERE o.signature = ? AND k.program = ? AND m.outcome IN ('timed', 'noisy') AND m.median_us > 0 "
      "ORDER BY m.phase = 'confirmation' DESC, m.taken_at_ms DESC, m.id DESC LIMIT 1");
  row.bind(static_cast<std::int64_t>(hardware)).bind(signature).bind(program);
  if (!row.step()) return std::nullopt;
  return ProgramTime{row.real(0), row.text(1), row.integer(2)};
}

std::optional<Resources> program_resources(Store& store, std::string_view signature, HardwareId hardware,
                                           std::string_view program) {
  sqlite::Query row = store.database().query(
      "SELECT b.registers, b.shared_bytes, b.spill_bytes, b.stack_bytes "
      "FROM operators o JOIN measurements m INDEXED BY measurements_by_candidate ON m.operator = o.id AND m.hardware = ? "
      "JOIN builds b ON b.id = m.build JOIN kernels k ON k.id = b.kernel "
      "WHERE o.signature = ? AND k.program = ? AND b.registers IS NOT NULL ORDER BY m.taken_at_ms DESC, m.id DESC LIMIT 1");
  row.bind(static_cast<std::int64_t>(hardware)).bind(signature).bind(program);
  if (!row.step()) return std::nullopt;
  return Resources{static_cast<int>(row.integer(0)), row.integer(1), row.integer(2), row.integer(3), {}};
}

std::string find_definition(Store& store, std::string_view signature) {
  sqlite::Query row = store.database().query(
      "SELECT n.definition FROM operators o JOIN operator_names n ON n.operator = o.id "
      "WHERE o.signature = ? AND n.definition <> '' ORDER BY n.name LIMIT 1");
  row.bind(signature);
  return row.step() ? row.text(0) : "";
}

std::string find_hardware_description(Store& store, std::string_view name,
                                      std::string_view vendor_name) {
  sqlite::Query row = store.database().query(
      "SELECT description FROM hardware WHERE name = ? AND vendor_name = ? "
      "ORDER BY described_at_ms DESC LIMIT 1");
  row.bind(name).bind(vendor_name);
  return row.step() ? row.text(0) : "";
}

}  // namespace perftune
