#include "recipes/library.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "recipes/operator_file.hpp"

namespace perftune {

std::span<const EmbeddedFile> library_texts();  // perftune_embed: recipes/library/*.yaml

namespace {

std::string_view operator_name(const EmbeddedFile& file) {
  const auto begin = file.path.rfind('/') + 1;
  return file.path.substr(begin, file.path.rfind('.') - begin);
}

}  // namespace

const EmbeddedFile* find_library_file(std::string_view name) {
  for (const EmbeddedFile& file : library_texts())
    if (operator_name(file) == name) return &file;
  return nullptr;
}

std::vector<std::string> library_operators() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : library_texts()) names.emplace_back(operator_name(file));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace perftune
