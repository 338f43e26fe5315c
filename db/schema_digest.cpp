#include "db/schema_digest.hpp"

#include <algorithm>

#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune::sqlite {
namespace {

// With its length, so that {"ab", "c"} and {"a", "bc"} differ.
void add(Sha256& digest, std::string_view part) {
  digest.add(words("{}:", part.size()));
  digest.add(part);
}

std::uint32_t mark(std::initializer_list<std::string_view> parts) {
  Sha256 digest;
  for (const std::string_view part : parts) add(digest, part);
  const Sha256::Value value = digest.finish();
  return std::uint32_t{value[0]} << 24 | std::uint32_t{value[1]} << 16 | std::uint32_t{value[2]} << 8 | value[3];
}

}  // namespace

DigestedSchema digest_schema(Database& database) {
  DigestedSchema schema;
  Sha256 all;
  // Statistics of ANALYZE are not part of a schema.
  Query rows = database.query(
      "SELECT type, name, coalesce(sql, '') FROM sqlite_schema "
      "WHERE name NOT IN ('sqlite_stat1', 'sqlite_stat4') ORDER BY type, name");
  while (rows.step()) {
    for (int column = 0; column < 3; ++column) add(all, rows.view(column));
    std::string type = rows.text(0), name = rows.text(1);
    const SchemaMark own = {mark({type, name}), mark({rows.view(2)})};
    schema.objects.push_back({std::move(type), std::move(name), own});
  }
  schema.all = all.finish();
  return schema;
}

void require_schema(Database& database, const SchemaDigest& expected) {
  const DigestedSchema found = digest_schema(database);
  if (found.all == expected.all) return;
  std::string what;
  for (const SchemaObject& object : found.objects) {
    const auto same = [&](const SchemaMark& mark) { return mark.name == object.mark.name; };
    const auto known = std::find_if(expected.objects.begin(), expected.objects.end(), same);
    if (known != expected.objects.end() && known->text == object.mark.text) continue;
    what = words("{} {} {}", known == expected.objects.end() ? "unexpected" : "altered", object.type, quoted(object.name));
    break;
  }
  if (what.empty())
    what = words("{} of its {} tables, indexes and views are there", found.objects.size(), expected.objects.size());
  throw Error(ErrorKind::store, words("{}: not a store as perftune makes it: {}", database.path(), what));
}

}  // namespace perftune::sqlite
