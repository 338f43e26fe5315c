#include "db/sqlite.hpp"

#include <sqlite3.h>

#include <cstring>
#include <utility>

#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune::sqlite {

void CloseStatement::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

// --- Query ---------------------------------------------------------------------------------

Query::Query(Query&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      next_parameter_(other.next_parameter_) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::bind(std::int64_t value) {
  if (const int rc = sqlite3_bind_int64(statement_, next_parameter_++, value)) database_->fail(rc);
  return *this;
}

Query& Query::bind(double value) {
  if (const int rc = sqlite3_bind_double(statement_, next_parameter_++, value)) database_->fail(rc);
  return *this;
}

Query& Query::bind(std::string_view text) {
  // A null pointer would bind NULL; an empty string is not NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  if (const int rc = sqlite3_bind_text64(statement_, next_parameter_++, data, text.size(),
                                         SQLITE_TRANSIENT, SQLITE_UTF8)) {
    database_->fail(rc);
  }
  return *this;
}

Query& Query::bind(std::span<const std::byte> blob) {
  const void* data = blob.data() == nullptr ? static_cast<const void*>("") : blob.data();
  if (const int rc =
          sqlite3_bind_blob64(statement_, next_parameter_++, data, blob.size(), SQLITE_TRANSIENT)) {
    database_->fail(rc);
  }
  return *this;
}

Query& Query::bind(std::nullptr_t) {
  if (const int rc = sqlite3_bind_null(statement_, next_parameter_++)) database_->fail(rc);
  return *this;
}

Query& Query::again() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  next_parameter_ = 1;
  return *this;
}

bool Query::step() {
  const int rc = sqlite3_step(statement_);
  if (rc == SQLITE_ROW) return true;
  if (rc != SQLITE_DONE) database_->fail(rc);
  return false;
}

void Query::run() {
  while (step()) {
  }
}

int Query::columns() const { return sqlite3_column_count(statement_); }
std::string Query::column_name(int column) const { return sqlite3_column_name(statement_, column); }
bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
bool Query::is_integer(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_INTEGER;
}
bool Query::is_real(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_FLOAT;
}
bool Query::is_text(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_TEXT;
}
std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Query::real(int column) const { return sqlite3_column_double(statement_, column); }

std::optional<double> Query::optional_real(int column) const {
  if (is_null(column)) return std::nullopt;
  return real(column);
}

std::string_view Query::view(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const std::byte> Query::blob(int column) const {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

// --- Database ------------------------------------------------------------------------------

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Database::Database(const std::string& path, Access access, double busy_seconds)
    : path_(path), busy_seconds_(busy_seconds) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (access == Access::read_only) flags |= SQLITE_OPEN_READONLY;
  if (access == Access::read_write) flags |= SQLITE_OPEN_READWRITE;
  if (access == Access::create) flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (rc != SQLITE_OK) fail(rc);

  sqlite3_busy_timeout(handle, static_cast<int>(busy_seconds * 1000));
  for (const auto& [option, value] : {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                                      {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                                      {SQLITE_DBCONFIG_DQS_DML, 0},
                                      {SQLITE_DBCONFIG_DQS_DDL, 0},
                                      {SQLITE_DBCONFIG_ENABLE_FKEY, 1}}) {
    sqlite3_db_config(handle, option, value, nullptr);
  }
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 256 << 20);  // longest text or blob, in bytes
  execute(
      "PRAGMA cell_size_check = ON;"
      "PRAGMA mmap_size = 0;"
      "PRAGMA temp_store = MEMORY;"
      "PRAGMA cache_size = -32768;");  // KiB
}

Database Database::in_memory() { return {":memory:", Access::create, 0}; }

Query Database::query(std::string_view sql) {
  for (const Prepared& known : statements_)
    if (known.sql == sql) return {*this, known.statement.get()};
  sqlite3_stmt* statement = nullptr;
  const int rc = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (rc != SQLITE_OK) fail(rc);
  statements_.push_back({std::string(sql), StatementHandle(statement)});
  return {*this, statement};
}

void Database::execute(const char* sql) {
  if (const int rc = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr)) fail(rc);
}

void Database::vacuum() {
  // SQLite attaches the new file while it copies.
  sqlite3_limit(handle_.get(), SQLITE_LIMIT_ATTACHED, 1);
  const int rc = sqlite3_exec(handle_.get(), "VACUUM", nullptr, nullptr, nullptr);
  sqlite3_limit(handle_.get(), SQLITE_LIMIT_ATTACHED, 0);
  if (rc != SQLITE_OK) fail(rc);
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
std::int64_t Database::changes() const { return sqlite3_changes64(handle_.get()); }
bool Database::read_only() const { return sqlite3_db_readonly(handle_.get(), "main") == 1; }
bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

void Database::fail(int code) const {
  const std::string message = sqlite3_errmsg(handle_.get());
  const int error = sqlite3_system_errno(handle_.get());
  const auto system = [&] { return std::string_view(error != 0 ? std::strerror(error) : message.c_str()); };
  std::string what;
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      what = "not a perftune store";
      break;
    case SQLITE_CORRUPT:
      what = "the store is damaged; restore a copy, or salvage rows with `sqlite3 .recover`";
      break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      what = words("locked by another process for more than {} s", busy_seconds_);
      break;
    case SQLITE_FULL:
      what = "disk full; the last change was not kept";
      break;
    case SQLITE_READONLY:
      what = "the store is read-only";
      break;
    case SQLITE_PERM:
    case SQLITE_AUTH:
      what = "permission denied";
      break;
    case SQLITE_CANTOPEN:
      what = words("cannot open the store ({})", system());
      break;
    case SQLITE_IOERR:
      what = words("reading or writing failed ({}); the last change was not kept", system());
      break;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      what = words("a row was refused ({})", message);
      break;
    default:
      throw Error(ErrorKind::internal, words("{}: SQLite: {}", path_, message));
  }
  throw Error(ErrorKind::store, words("{}: {}", path_, what));
}

// --- Transaction ---------------------------------------------------------------------------

Transaction::Transaction(Database& database, Kind kind) : database_(&database) {
  database.query(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN").run();
}

Transaction::~Transaction() {
  // SQLite has already rolled back after a full disk or an I/O error.
  if (!open_ || !database_->in_transaction()) return;
  sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_->query("COMMIT").run();
  open_ = false;
}

}  // namespace perftune::sqlite
