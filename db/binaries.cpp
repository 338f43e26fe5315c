#include "db/binaries.hpp"

#include "db/rows.hpp"
#include "db/sqlite.hpp"

namespace perftune {

namespace {

constexpr std::string_view kBuilds =
    "SELECT k.source, k.source_hash, b.binary, coalesce(b.binary_hash, '') FROM kernels k "
    "JOIN builds b ON b.kernel = k.id JOIN toolchains t ON t.id = b.toolchain "
    "WHERE k.kernel = ? AND b.binary IS NOT NULL AND t.arch = ? ";

KeptBinary checked(sqlite::Query& row, const KernelRecord& kernel) {
  if (!row.step()) return {};
  const auto blob = row.blob(2);
  KeptBinary kept{std::string(reinterpret_cast<const char*>(blob.data()), blob.size())};
  const bool right = row.view(0) == kernel.source && row.view(1) == sqlite::source_hash(kernel.source) &&
                     row.view(3) == sqlite::binary_hash(kept.bytes);
  if (!right) return {{}, true};
  return kept;
}

}  // namespace

KeptBinary kept_binary(Store& store, const KernelRecord& kernel, const Toolchain& toolchain) {
  sqlite::Query row = store.database().query(std::string(kBuilds) + "AND t.codegen_version = ? AND t.compiler = ? AND t.flags = ?");
  row.bind(kernel.id).bind(toolchain.arch).bind(toolchain.codegen_version);
  row.bind(toolchain.compiler).bind(toolchain.flags);
  return checked(row, kernel);
}

KeptBinary kept_binary(Store& store, const KernelRecord& kernel, std::string_view arch) {
  sqlite::Query row = store.database().query(
      std::string(kBuilds) + "ORDER BY b.id IN (SELECT build FROM winners) DESC, b.id DESC LIMIT 1");
  row.bind(kernel.id).bind(arch);
  return checked(row, kernel);
}

void keep_binaries(Store& store, std::span<const NewBinary> binaries, const Toolchain& toolchain) {
  sqlite::Database& database = store.database();
  sqlite::Transaction transaction(database);
  const std::int64_t with = sqlite::put(database, toolchain);
  for (const NewBinary& made : binaries) {
    const std::int64_t kernel = sqlite::put(database, made.kernel);
    // A source that somebody altered under the same id gives way to the one that was compiled.
    database.query("UPDATE kernels SET source = ?1, source_hash = ?2 WHERE id = ?3 AND (source <> ?1 OR source_hash <> ?2)")
        .bind(made.kernel.source).bind(sqlite::source_hash(made.kernel.source)).bind(kernel).run();
    const std::int64_t build = sqlite::put_build(database, kernel, with);
    database.query("UPDATE builds SET binary = ?, binary_hash = ? WHERE id = ?")
        .bind(std::as_bytes(std::span(made.bytes))).bind(sqlite::binary_hash(made.bytes)).bind(build).run();
  }
  transaction.commit();
}

}  // namespace perftune
