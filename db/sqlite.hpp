// RAII over the SQLite C API: one connection, its prepared statements, one transaction at a time.
//
// Every failure of SQLite becomes Error{store} with one line that starts with the file's path;
// what only a mistake of ours can cause (malformed SQL, misuse) becomes Error{internal}.
//
// Call order: Database, then (query | Transaction (query)* commit)*. One thread at a time per
// Database; open another one to read in parallel. A Query must not outlive its Database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace perftune::sqlite {

struct CloseStatement {
  void operator()(sqlite3_stmt* statement) const;
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, CloseStatement>;

class Database;

// A prepared statement in use. Bound values are copied; reset and unbound on destruction.
class Query {
 public:
  Query(Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}
  Query(Query&& other) noexcept;
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& operator=(Query&&) = delete;
  ~Query();

  // Binds the next parameter, left to right.
  Query& bind(std::int64_t value);
  Query& bind(int value) { return bind(std::int64_t{value}); }
  Query& bind(double value);
  Query& bind(std::string_view text);
  Query& bind(const std::string& text) { return bind(std::string_view(text)); }
  Query& bind(const char* text) { return bind(std::string_view(text)); }
  Query& bind(std::span<const std::byte> blob);
  Query& bind(std::nullptr_t);
  template <class T>
  Query& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind(nullptr);
  }

  Query& again();  // for new parameters, from the first one on
  bool step();     // true while there is a row
  void run();   // steps to the end, ignoring rows

  int columns() const;
  std::string column_name(int column) const;
  bool is_null(int column) const;
  bool is_integer(int column) const;
  bool is_real(int column) const;
  bool is_text(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::optional<double> optional_real(int column) const;
  std::string text(int column) const { return std::string(view(column)); }
  std::string_view view(int column) const;            // until the next step
  std::span<const std::byte> blob(int column) const;  // until the next step

 private:
  Database* database_;
  sqlite3_stmt* statement_;
  int next_parameter_ = 1;
};

enum class Access : std::uint8_t { read_only, read_write, create };

class Database {
 public:
  // Opens defensively: no extensions, triggers, views or attached files, no shadow-table writes,
  // no double-quoted strings, no memory mapping (a truncated file would raise SIGBUS).
  Database(const std::string& path, Access access, double busy_seconds);
  // An empty database in memory.
  static Database in_memory();

  // A query from text that lives as long as the program; statements are prepared once and kept.
  Query query(std::string_view sql);
  // Runs every statement of `sql`.
  void execute(const char* sql);

  // Rewrites the file without its free pages.
  void vacuum();

  std::int64_t last_insert_id() const;
  std::int64_t changes() const;
  bool read_only() const;
  bool in_transaction() const;
  sqlite3* handle() const { return handle_.get(); }
  const std::string& path() const { return path_; }

  // Throws the Error for `code`, the result of the last call.
  [[noreturn]] void fail(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::string path_;
  double busy_seconds_ = 0;
  std::unique_ptr<sqlite3, Close> handle_;
  struct Prepared {
    std::string sql;
    StatementHandle statement;
  };
  std::vector<Prepared> statements_;  // some dozens; closed before the handle
};

// A writing one takes the write lock at once, so that a busy store fails before any work; a reading
// one sees the same state throughout. Rolled back on destruction unless committed.
class Transaction {
 public:
  enum class Kind : std::uint8_t { write, read };
  explicit Transaction(Database& database, Kind kind = Kind::write);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Database* database_;
  bool open_ = true;
};

}  // namespace perftune::sqlite
