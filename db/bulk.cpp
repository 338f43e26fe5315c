#include "db/bulk.hpp"

#include <exception>

namespace perftune::sqlite {

BulkSettings::BulkSettings(Database& database) : database_(database) {
  database_.execute("PRAGMA cache_size = -393216; PRAGMA foreign_keys = OFF;");  // 384 MiB at most
}

BulkSettings::~BulkSettings() {
  try {
    database_.execute("PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768;");
  } catch (const std::exception&) {  // a connection that lost its disk: the next call will say so
  }
}

RebuiltIndexes::RebuiltIndexes(Database& database, bool rebuild) : database_(database) {
  if (!rebuild) return;
  std::vector<std::string> names;
  Query row = database.query(
      "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'measurements' "
      "AND sql IS NOT NULL ORDER BY name");
  while (row.step()) {
    names.push_back(row.text(0));
    texts_.push_back(row.text(1));
  }
  row.again();
  for (const std::string& name : names) database.execute(("DROP INDEX " + name).c_str());
}

void RebuiltIndexes::finish() {
  for (const std::string& text : texts_) database_.execute(text.c_str());
}

}  // namespace perftune::sqlite
