// Opens a store's file to read it, or refuses it without touching it; and the steps of that which writers
// share (open.cpp).
//
// A file from elsewhere is hostile until shown otherwise: its header is read by us before SQLite
// sees it, SQLite opens it defensively (sqlite.hpp), and its schema must be ours to the letter.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "db/sqlite.hpp"
#include "recipes/error.hpp"

namespace perftune::sqlite {

// The version that this program knows best, and what throws Error{store} unless a file's schema is that one.
struct KnownSchema {
  int version = 0;
  void (*require)(Database&) = nullptr;
};

// Throws Error{store}. `check` reads every page (StoreOptions).
std::unique_ptr<Database> open_to_read(const std::string& path, double busy_seconds, const KnownSchema& schema, bool check);

Error refusal(const std::string& path, std::string_view why);
// Absolute, so that SQLite takes neither ":memory:" nor "file:..." for anything but a name.
std::string absolute_path(const std::string& path);
// Nothing where there is no file. Throws Error{store} where it is not a regular one.
std::optional<std::uint64_t> size_of(const std::string& path);
// The number that "PRAGMA name" gives.
std::int64_t pragma(Database& database, const char* name);
void require_known(const std::string& path, std::int64_t version, int known);
// What can be told without SQLite, which on opening might already write (a journal, a WAL index).
// A file shorter than its header promises is left to SQLite, which looks while holding its lock.
void require_ours(const std::string& path, int known);
void require_sound(Database& database, const KnownSchema& schema, bool check);

}  // namespace perftune::sqlite
