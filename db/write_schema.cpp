// Writes the digests of the schema that this build's migrations make, as a function: the shipped library
// knows its stores by them without the tables' texts.
#include <cstdio>

#include "db/schema.hpp"
#include "db/schema_digest.hpp"

int main(int count, char** words) {
  using namespace perftune::sqlite;
  Database reference = Database::in_memory();
  migrate(reference, 0, schema_version());
  const DigestedSchema schema = digest_schema(reference);
  std::FILE* file = count == 2 ? std::fopen(words[1], "w") : nullptr;
  if (file == nullptr) return 1;
  std::fputs("#include \"db/schema_digest.hpp\"\n\nnamespace perftune::sqlite {\n\nconst SchemaDigest& this_schema() {\n"
             "  static constexpr SchemaMark marks[] = {", file);
  for (std::size_t i = 0; i < schema.objects.size(); ++i)
    std::fprintf(file, "%s{0x%08xU, 0x%08xU},", i % 4 == 0 ? "\n      " : " ", schema.objects[i].mark.name, schema.objects[i].mark.text);
  std::fprintf(file, "};\n  static constexpr SchemaDigest schema = {%d, {", schema_version());
  for (const unsigned byte : schema.all) std::fprintf(file, "%u, ", byte);
  std::fputs("}, marks};\n  return schema;\n}\n\n}  // namespace perftune::sqlite\n", file);
  return std::fclose(file) == 0 ? 0 : 1;
}
