#include "db/kernel_use.hpp"

#include "db/sqlite.hpp"

namespace perftune {

std::optional<KernelUse> find_kernel_use(Store& store, std::string_view id_prefix) {
  auto kernel = store.kernel(id_prefix);
  if (!kernel) return std::nullopt;
  sqlite::Query row = store.database().query(
      "SELECT h.name, h.vendor_name, h.kind, h.arch, h.units, h.description, n.definition "
      "FROM measurements m JOIN builds b ON b.id = m.build JOIN kernels k ON k.id = b.kernel "
      "JOIN hardware h ON h.id = m.hardware JOIN operator_names n ON n.operator = m.operator "
      "WHERE k.kernel = ? AND n.definition <> '' ORDER BY m.taken_at_ms DESC, m.id DESC LIMIT 1");
  row.bind(kernel->id);
  if (!row.step()) return std::nullopt;
  return KernelUse{std::move(*kernel),
                   {row.text(0), row.text(1), row.text(2), row.text(3), row.integer(4), row.text(5)},
                   row.text(6)};
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
