// The tables of a store, made by numbered migrations; docs/database.md explains each column.
//
// PRAGMA user_version is the number of migrations applied, application_id marks the file as ours.
// A released migration never changes: a new one is added at the end.
#pragma once

#include <cstdint>

#include "db/sqlite.hpp"

namespace perftune::sqlite {

inline constexpr std::int32_t application_id = 0x70657266;  // "perf"

// The version that this program writes.
int schema_version();

// Applies migrations (from, to], inside the caller's transaction.
void migrate(Database& database, int from, int to);

// Throws Error{store} unless the file's schema is, object for object and letter for letter, what
// the migrations up to `version` make. Triggers, views or altered tables in a store from elsewhere
// never get to run.
void require_schema(Database& database, int version);

}  // namespace perftune::sqlite
