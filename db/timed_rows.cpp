#include "db/timed_rows.hpp"

#include "db/sqlite.hpp"

namespace perftune {

std::vector<TimedRow> timed_rows(Store& store, std::string_view hardware, std::string_view vendor_name) {
  sqlite::Query row = store.database().query(
      "SELECT m.operator, m.hardware, m.policy, o.signature, h.name, h.vendor_name, h.description, q.policy, "
      "  k.program, b.registers, b.shared_bytes, b.spill_bytes, b.stack_bytes, m.median_us, "
      "  (SELECT n.definition FROM operator_names n WHERE n.operator = m.operator AND n.definition <> '' "
      "   ORDER BY n.name LIMIT 1) "
      "FROM measurements m JOIN operators o ON o.id = m.operator JOIN hardware h ON h.id = m.hardware "
      "JOIN builds b ON b.id = m.build JOIN kernels k ON k.id = b.kernel JOIN policies q ON q.id = m.policy "
      "WHERE m.median_us IS NOT NULL AND m.outcome IN ('timed', 'noisy') AND k.language <> 'imported' "
      "  AND (?1 = '' OR (h.name = ?1 AND h.vendor_name = ?2)) "
      // Last comes what counts: confirmations after screenings, then the newest.
      "ORDER BY m.operator, m.hardware, m.policy, k.program, m.phase = 'confirmation', m.taken_at_ms, m.id");
  row.bind(hardware).bind(vendor_name);
  std::vector<TimedRow> rows;
  std::int64_t last_op = -1, last_hardware = -1, last_policy = -1;
  while (row.step()) {
    if (row.is_null(14)) continue;
    const bool same = !rows.empty() && row.integer(0) == last_op && row.integer(1) == last_hardware &&
                      row.integer(2) == last_policy && row.view(8) == rows.back().program;
    if (same) rows.pop_back();
    last_op = row.integer(0), last_hardware = row.integer(1), last_policy = row.integer(2);
    TimedRow t;
    t.signature = row.text(3);
    t.hardware = row.text(4);
    t.vendor_name = row.text(5);
    t.description = row.text(6);
    t.policy = row.text(7);
    t.program = row.text(8);
    t.resources.registers = static_cast<int>(row.integer(9));
    t.resources.shared_bytes = row.integer(10);
    t.resources.spill_bytes = row.integer(11);
    t.resources.stack_bytes = row.integer(12);
    t.measured_us = row.real(13);
    t.definition = row.text(14);
    rows.push_back(std::move(t));
  }
  return rows;
}

std::int64_t count_timed(Store& store, std::string_view hardware, std::string_view vendor_name) {
  sqlite::Query row = store.database().query(
      "SELECT count(*) FROM (SELECT DISTINCT m.operator, m.policy, m.build FROM measurements m "
      "WHERE m.median_us IS NOT NULL AND m.hardware IN "
      "(SELECT id FROM hardware WHERE name = ? AND vendor_name = ?))");
  row.bind(hardware).bind(vendor_name);
  return row.step() ? row.integer(0) : 0;
}

}  // namespace perftune
