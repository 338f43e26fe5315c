// The schema of a store, as digests: whoever only reads stores tells by them that one is ours, letter for
// letter, without the tables' texts (schema.hpp makes and compares those).
//
// One SHA-256 over all objects decides. Two marks of 32 bits per object, of its name and of its text, say in
// the message which object is not ours; a forger gains nothing by them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "db/sha256.hpp"
#include "db/sqlite.hpp"

namespace perftune::sqlite {

struct SchemaMark {
  std::uint32_t name = 0;
  std::uint32_t text = 0;
};

struct SchemaDigest {
  int version = 0;  // PRAGMA user_version
  Sha256::Value all{};
  std::span<const SchemaMark> objects;
};

// What this build's migrations make; written while building (write_schema.cpp).
const SchemaDigest& this_schema();

// One object of a schema, as SQLite lists it. `mark` is of type and name, and of text.
struct SchemaObject {
  std::string type, name;
  SchemaMark mark;
};
struct DigestedSchema {
  Sha256::Value all{};
  std::vector<SchemaObject> objects;
};
DigestedSchema digest_schema(Database& database);

// Throws Error{store} unless the file's schema is `expected`.
void require_schema(Database& database, const SchemaDigest& expected);

}  // namespace perftune::sqlite
