#include "db/open_to_read.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "db/schema.hpp"
#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune::sqlite {

Error refusal(const std::string& path, std::string_view why) {
  return {ErrorKind::store, words("{}: {}", path, why)};
}

namespace {

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


Error newer(const std::string& path, std::int64_t version, int known) {
  return refusal(path, words("written by a newer perftune (store version {}, this program knows {})", version, known));
}

// One read transaction: what is looked at cannot change meanwhile.
void require_pages(Database& database) {
  const std::int64_t promised = pragma(database, "PRAGMA page_count") * pragma(database, "PRAGMA page_size");
  const auto bytes = static_cast<std::int64_t>(size_of(database.path()).value_or(0));
  if (bytes < promised)
    throw refusal(database.path(), words("the store is damaged (truncated: {} of {} bytes); restore a "
                                         "copy, or salvage rows with `sqlite3 .recover`",
                                         bytes, promised));
}

void require_checked(Database& database) {
  Query row = database.query("PRAGMA quick_check(1)");
  if (row.step() && row.view(0) == "ok") return;
  std::string what = row.text(0);
  std::replace(what.begin(), what.end(), '\n', ' ');
  throw refusal(database.path(), words("the store is damaged ({}); restore a copy, or salvage rows "
                                       "with `sqlite3 .recover`",
                                       what));
}

}  // namespace

std::string absolute_path(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

std::optional<std::uint64_t> size_of(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw refusal(path, std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) throw refusal(path, "not a regular file");
  return static_cast<std::uint64_t>(info.st_size);
}

std::int64_t pragma(Database& database, const char* name) {
  Query row = database.query(name);
  row.step();
  return row.integer(0);
}

void require_known(const std::string& path, std::int64_t version, int known) {
  if (version > known) throw newer(path, version, known);
}

void require_ours(const std::string& path, int known) {
  // With a journal beside it, a crash left the file half written: SQLite rolls it back first.
  if (size_of(path + "-journal")) return;
  const Header header(path);
  if (!header.is_sqlite() || header.application() != application_id) throw refusal(path, "not a perftune store");
  require_known(path, header.user_version(), known);
  if (header.write_ahead_log())
    throw refusal(path,
                  "is in WAL mode, which perftune never uses; set it back with "
                  "`sqlite3 FILE 'PRAGMA journal_mode=DELETE'`");
}

void require_sound(Database& database, const KnownSchema& schema, bool check) {
  database.query("BEGIN").run();
  const std::int64_t version = pragma(database, "PRAGMA user_version");  // takes the read lock
  require_known(database.path(), version, schema.version);
  if (version < schema.version)
    throw refusal(database.path(), words("an older store (version {}, current {}); any command that writes brings it up to date",
                                         version, schema.version));
  require_pages(database);
  schema.require(database);
  if (check) require_checked(database);
  database.query("COMMIT").run();
}

std::unique_ptr<Database> open_to_read(const std::string& given, double busy_seconds, const KnownSchema& schema, bool check) {
  const std::string path = absolute_path(given);
  const std::optional<std::uint64_t> bytes = size_of(path);
  if (bytes.value_or(0) == 0)
    throw refusal(path, bytes ? "an empty file, not a perftune store" : "no such store; `perftune tune` makes one");
  require_ours(path, schema.version);
  auto database = std::make_unique<Database>(path, Access::read_only, busy_seconds);
  require_sound(*database, schema, check);
  return database;
}

}  // namespace perftune::sqlite
