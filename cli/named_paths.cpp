#include "cli/named_paths.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "recipes/error.hpp"

namespace perftune {

std::map<int, std::string> parse_named_paths(const std::vector<std::string>& arguments,
                                             const std::string& option, const Operator& op,
                                             const std::vector<int>& allowed) {
  std::map<int, std::string> paths;
  for (const auto& argument : arguments) {
    const auto equals = argument.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == argument.size())
      throw Error(ErrorKind::usage, fmt::format("{} '{}': NAME=file.npy is expected", option, argument));
    const std::string tensor = argument.substr(0, equals);
    const auto it = std::find_if(allowed.begin(), allowed.end(),
                                 [&](int slot) { return op.tensors[slot].name == tensor; });
    if (it == allowed.end()) {
      std::string names;
      for (const int slot : allowed) names += (names.empty() ? "" : ", ") + op.tensors[slot].name;
      throw Error(ErrorKind::usage,
                  fmt::format("{} '{}': {} has no such tensor; there is {}", option, tensor, op.name, names));
    }
    if (!paths.emplace(*it, argument.substr(equals + 1)).second)
      throw Error(ErrorKind::usage, fmt::format("{} '{}' is given twice", option, tensor));
  }
  return paths;
}

}  // namespace perftune
