#include "db/origins.hpp"

#include "db/digest.hpp"
#include "db/rows.hpp"
#include "recipes/error.hpp"

namespace perftune {

std::string layout_text(std::span<const Argument> arguments) {
  static constexpr const char* kKinds[] = {"tensor ", "workspace ", "scalar ", "map "};
  std::string text;
  for (const Argument& argument : arguments)
    text += (text.empty() ? "" : ", ") + (kKinds[static_cast<int>(argument.kind)] + argument.name);
  return text;
}

std::string seal(const Origin& origin) {
  Digest digest;
  for (const std::string_view part :
       {origin.structure, origin.program, origin.language, origin.entry, origin.layout, origin.source})
    digest.add(part);
  return digest.hex();
}

std::optional<std::string> stored_seal(sqlite::Database& database, std::string_view kernel_id, std::string_view structure) {
  sqlite::Query row = database.query(
      "SELECT o.seal FROM origins o JOIN kernels k ON k.id = o.kernel WHERE k.kernel = ? AND o.structure = ?");
  row.bind(kernel_id).bind(Digest().add(structure).hex());
  return row.step() ? std::optional(row.text(0)) : std::nullopt;
}

std::vector<DeviceHeader> stored_headers(sqlite::Database& database, std::string_view codegen_version) {
  sqlite::Query row = database.query("SELECT name, text, hash FROM device_headers WHERE codegen_version = ? ORDER BY name");
  row.bind(codegen_version);
  std::vector<DeviceHeader> headers;
  while (row.step()) {
    headers.push_back({row.text(0), row.text(1)});
    if (sqlite::source_hash(headers.back().text) != row.view(2))
      throw Error(ErrorKind::store, database.path() + ": the device header " + headers.back().name + " does not match its hash");
  }
  return headers;
}

namespace sqlite {

void put_origin(Database& database, std::int64_t kernel, std::string_view structure, const KernelRecord& record) {
  if (record.source.empty() || record.layout.empty()) return;
  database
      .query("INSERT INTO origins (kernel, structure, seal) VALUES (?, ?, ?) "
             "ON CONFLICT DO UPDATE SET seal = excluded.seal WHERE seal <> excluded.seal")
      .bind(kernel)
      .bind(Digest().add(structure).hex())
      .bind(seal({structure, record.program, record.language, record.entry, record.layout, record.source}))
      .run();
}

void put_headers(Database& database, std::string_view codegen_version, std::span<const DeviceHeader> headers) {
  if (Query known = database.query("SELECT 1 FROM device_headers WHERE codegen_version = ? LIMIT 1");
      known.bind(codegen_version).step())
    return;
  for (const DeviceHeader& header : headers)
    database.query("INSERT INTO device_headers (codegen_version, name, text, hash) VALUES (?, ?, ?, ?)")
        .bind(codegen_version)
        .bind(header.name)
        .bind(header.text)
        .bind(source_hash(header.text))
        .run();
}

// Of two seals for one kernel and structure the greater one stays, whichever store came first.
void merge_origins(Database& into, Database& from) {
  Query row = from.query("SELECT k.kernel, o.structure, o.seal FROM origins o JOIN kernels k ON k.id = o.kernel");
  Query insert = into.query(
      "INSERT INTO origins (kernel, structure, seal) SELECT id, ?2, ?3 FROM kernels WHERE kernel = ?1 "
      "ON CONFLICT DO UPDATE SET seal = excluded.seal WHERE excluded.seal > seal");
  while (row.step()) insert.again().bind(row.view(0)).bind(row.view(1)).bind(row.view(2)).run();
  Query header = from.query("SELECT codegen_version, name, text, hash FROM device_headers");
  Query put = into.query("INSERT OR IGNORE INTO device_headers (codegen_version, name, text, hash) VALUES (?, ?, ?, ?)");
  while (header.step()) put.again().bind(header.view(0)).bind(header.view(1)).bind(header.view(2)).bind(header.view(3)).run();
}

}  // namespace sqlite
}  // namespace perftune
