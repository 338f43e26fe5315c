// What adding a million rows at once takes beside the inserts. Internal to db/.
#pragma once

#include <string>
#include <vector>

#include "db/sqlite.hpp"

namespace perftune::sqlite {

// Room for the pages of every index that a million random keys touch. Foreign keys get no second look:
// the caller looked each one up in a map a moment before. Outside of any transaction.
class BulkSettings {
 public:
  explicit BulkSettings(Database& database);
  ~BulkSettings();
  BulkSettings(const BulkSettings&) = delete;
  BulkSettings& operator=(const BulkSettings&) = delete;

 private:
  Database& database_;
};

// Building an index once costs less than keeping it in order under many random inserts. Within the
// transaction of the inserts: a failure brings the indexes back with everything else.
class RebuiltIndexes {
 public:
  // Drops those of `measurements` when `rebuild`.
  RebuiltIndexes(Database& database, bool rebuild);
  // Makes them again from their own texts.
  void finish();

 private:
  Database& database_;
  std::vector<std::string> texts_;  // ours: a store is opened only when its schema is to the letter
};

}  // namespace perftune::sqlite
