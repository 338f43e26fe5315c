#include "db/open.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "db/open_to_read.hpp"
#include "db/schema.hpp"
#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune::sqlite {

namespace {

namespace fs = std::filesystem;

KnownSchema this_version() {
  return {schema_version(), [](Database& database) { require_schema(database, schema_version()); }};
}

void require_writable(const std::string& path) {
  // Root may write anything; a file without a single write bit was protected on purpose.
  struct stat info {};
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & 0222) == 0) {
    throw refusal(path, "the store is read-only");
  }
}

void bring_up_to_date(Database& database) {
  Transaction transaction(database);
  // Looked at again under the lock: another process may have just done the same.
  const std::int64_t version = pragma(database, "PRAGMA user_version");
  require_known(database.path(), version, schema_version());
  if (version > 0) require_schema(database, static_cast<int>(version));
  if (version < schema_version()) migrate(database, static_cast<int>(version), schema_version());
  transaction.commit();
}

}  // namespace

std::unique_ptr<Database> open_store_file(const std::string& given, const StoreOptions& options) {
  if (options.mode == StoreMode::read_only)
    return open_to_read(given, options.busy_seconds, this_version(), options.check);
  const std::string path = absolute_path(given);
  const bool create = options.mode == StoreMode::create;
  const std::optional<std::uint64_t> bytes = size_of(path);
  const bool empty = bytes.value_or(0) == 0;
  if (empty && !create)
    throw refusal(path, bytes ? "an empty file, not a perftune store" : "no such store; `perftune tune` makes one");
  require_writable(path);
  if (empty) {
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    if (error) throw refusal(path, words("cannot make its folder ({})", error.message()));
  } else {
    require_ours(path, schema_version());
  }

  auto database = std::make_unique<Database>(path, create ? Access::create : Access::read_write, options.busy_seconds);
  if (database->read_only()) throw refusal(path, "the store is read-only");
  // EXTRA also syncs the folder after the journal is deleted, which is the commit.
  database->execute("PRAGMA synchronous = EXTRA");
  const bool fresh = pragma(*database, "PRAGMA schema_version") == 0;
  if (!fresh && pragma(*database, "PRAGMA application_id") != application_id) {
    throw refusal(path, "not a perftune store");
  }
  if (pragma(*database, "PRAGMA user_version") != schema_version()) bring_up_to_date(*database);
  require_sound(*database, this_version(), options.check);
  return database;
}

}  // namespace perftune::sqlite
