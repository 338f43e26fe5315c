// The devices that travel in the executable, and files of others.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "recipes/embedded_file.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/strict_yaml.hpp"

namespace perftune {

std::span<const EmbeddedFile> hardware_texts();  // perftune_embed: recipes/hardware/*.yaml

namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

}  // namespace

Hardware parse_hardware(const std::string& text, const std::string& file) {
  return read_hardware(parse_yaml(text, file));
}

const std::vector<Hardware>& hardware_catalogue() {
  static const std::vector<Hardware> catalogue = [] {
    std::vector<Hardware> all;
    for (const EmbeddedFile& file : hardware_texts())
      all.push_back(parse_hardware(std::string(file.text), std::string(file.path)));
    std::sort(all.begin(), all.end(),
              [](const Hardware& a, const Hardware& b) { return a.name < b.name; });
    return all;
  }();
  return catalogue;
}

const Hardware& find_hardware(std::string_view name_or_alias) {
  const std::string wanted = lower(name_or_alias);
  std::vector<std::string_view> names;
  for (const Hardware& hardware : hardware_catalogue()) {
    if (lower(hardware.name) == wanted) return hardware;
    names.push_back(hardware.name);
    for (const std::string& alias : hardware.aliases) {
      if (lower(alias) == wanted) return hardware;
      names.push_back(alias);
    }
  }
  const std::string near = nearest_name(wanted, names);
  std::vector<std::string_view> all;
  for (const Hardware& hardware : hardware_catalogue()) all.push_back(hardware.name);
  throw Error(ErrorKind::usage,
              near.empty() ? fmt::format("unknown hardware '{}'; known: {}", name_or_alias,
                                         fmt::join(all, ", "))
                           : fmt::format("unknown hardware '{}'; did you mean '{}'? known: {}",
                                         name_or_alias, near, fmt::join(all, ", ")));
}

}  // namespace perftune
