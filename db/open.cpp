#include "db/open.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "db/schema.hpp"
#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune::sqlite {

namespace {

namespace fs = std::filesystem;

Error refusal(const std::string& path, std::string_view why) {
  return {ErrorKind::store, words("{}: {}", path, why)};
}

// The first 100 bytes of the file, big-endian: https://www.sqlite.org/fileformat.html, section 1.3.
class Header {
 public:
  explicit Header(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    file.read(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
    complete_ = file.gcount() == static_cast<std::streamsize>(bytes_.size());
  }
  bool is_sqlite() const {
    return complete_ && std::memcmp(bytes_.data(), "SQLite format 3", 16) == 0;
  }
  bool write_ahead_log() const { return bytes_[18] != 1 || bytes_[19] != 1; }
  std::int32_t user_version() const { return static_cast<std::int32_t>(number(60, 4)); }
  std::int32_t application() const { return static_cast<std::int32_t>(number(68, 4)); }

 private:
  std::uint64_t number(std::size_t offset, std::size_t size) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      value = value << 8 | static_cast<unsigned char>(bytes_[offset + i]);
    }
    return value;
  }
  std::array<char, 100> bytes_{};
  bool complete_ = false;
};

std::string newer(std::int64_t version) {
  return words("written by a newer perftune (store version {}, this program knows {})",
                     version, schema_version());
}

// What can be told without SQLite, which on opening might already write (a journal, a WAL index).
// A file shorter than its header promises is left to SQLite, which looks while holding its lock.
void require_ours(const std::string& path) {
  const Header header(path);
  if (!header.is_sqlite() || header.application() != application_id) {
    throw refusal(path, "not a perftune store");
  }
  if (header.user_version() > schema_version()) throw refusal(path, newer(header.user_version()));
  if (header.write_ahead_log()) {
    throw refusal(path,
                  "is in WAL mode, which perftune never uses; set it back with "
                  "`sqlite3 FILE 'PRAGMA journal_mode=DELETE'`");
  }
}

std::int64_t pragma(Database& database, const char* name) {
  Query row = database.query(name);
  row.step();
  return row.integer(0);
}

// A missing file is 0 bytes long.
std::uintmax_t size_of(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return 0;
  if (error) throw refusal(path, error.message());
  if (!fs::is_regular_file(status)) throw refusal(path, "not a regular file");
  return fs::file_size(path);
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
  if (version > schema_version()) throw refusal(database.path(), newer(version));
  if (version > 0) require_schema(database, static_cast<int>(version));
  if (version < schema_version()) migrate(database, static_cast<int>(version), schema_version());
  transaction.commit();
}

// One read transaction: what is looked at cannot change meanwhile.
void require_sound(Database& database, bool check) {
  const std::string& path = database.path();
  database.query("BEGIN").run();
  const std::int64_t version = pragma(database, "PRAGMA user_version");  // takes the read lock
  if (version > schema_version()) throw refusal(path, newer(version));
  if (version < schema_version()) {
    throw refusal(path, words("an older store (version {}, current {}); any command that "
                                    "writes brings it up to date",
                                    version, schema_version()));
  }
  const std::int64_t promised =
      pragma(database, "PRAGMA page_count") * pragma(database, "PRAGMA page_size");
  const auto bytes = static_cast<std::int64_t>(fs::file_size(path));
  if (bytes < promised) {
    throw refusal(path, words("the store is damaged (truncated: {} of {} bytes); restore a "
                                    "copy, or salvage rows with `sqlite3 .recover`",
                                    bytes, promised));
  }
  require_schema(database, schema_version());
  if (check) {
    Query row = database.query("PRAGMA quick_check(1)");
    if (!row.step() || row.view(0) != "ok") {
      std::string what = row.text(0);
      std::replace(what.begin(), what.end(), '\n', ' ');
      throw refusal(path, words("the store is damaged ({}); restore a copy, or salvage rows "
                                      "with `sqlite3 .recover`",
                                      what));
    }
  }
  database.query("COMMIT").run();
}

}  // namespace

std::unique_ptr<Database> open_store_file(const std::string& given, const StoreOptions& options) {
  // Absolute, so that SQLite takes neither ":memory:" nor "file:..." for anything but a name.
  const std::string path = fs::absolute(given).lexically_normal().string();
  const bool create = options.mode == StoreMode::create;
  const bool write = options.mode != StoreMode::read_only;
  const bool empty = size_of(path) == 0;
  if (empty && !create) {
    throw refusal(path, fs::exists(path) ? "an empty file, not a perftune store"
                                         : "no such store; `perftune tune` makes one");
  }
  if (write) require_writable(path);
  if (empty) {
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    if (error) throw refusal(path, words("cannot make its folder ({})", error.message()));
  }
  // With a journal beside it, a crash left the file half written: SQLite rolls it back first.
  const bool interrupted = fs::exists(path + "-journal");
  if (!empty && !interrupted) require_ours(path);

  auto database = std::make_unique<Database>(
      path, create ? Access::create : (write ? Access::read_write : Access::read_only),
      options.busy_seconds);
  if (write) {
    if (database->read_only()) throw refusal(path, "the store is read-only");
    // EXTRA also syncs the folder after the journal is deleted, which is the commit.
    database->execute("PRAGMA synchronous = EXTRA");
    const bool fresh = pragma(*database, "PRAGMA schema_version") == 0;
    if (!fresh && pragma(*database, "PRAGMA application_id") != application_id) {
      throw refusal(path, "not a perftune store");
    }
    if (pragma(*database, "PRAGMA user_version") != schema_version()) bring_up_to_date(*database);
  }
  require_sound(*database, options.check);
  return database;
}

}  // namespace perftune::sqlite
