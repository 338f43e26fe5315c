#include "codegen/argument_list.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace perftune {

bool ArgumentList::declared(std::string_view name) const {
  return std::find(scalars_.begin(), scalars_.end(), name) != scalars_.end();
}

void ArgumentList::tensor(std::string_view name, DType type, bool writes, int position) {
  for (const Pointer& pointer : pointers_)
    if (pointer.argument.name == name) return;
  pointers_.push_back({{Argument::Kind::tensor, position, std::string(name)}, type, writes});
}

void ArgumentList::workspace() { pointers_.push_back({{Argument::Kind::workspace, -1, "workspace"}}); }

void ArgumentList::tensor_map(std::string_view name, int position) {
  maps_.push_back({Argument::Kind::tensor_map, position, std::string(name)});
}

void ArgumentList::scalar(std::string_view name, std::int64_t value) {
  if (declared(name)) return;
  scalars_.emplace_back(name);
  values_.push_back(value);
}

std::string ArgumentList::use(std::string_view name) const {
  if (!declared(name)) {
    std::fprintf(stderr, "a source names an argument that no launch gives: %.*s\n", static_cast<int>(name.size()),
                 name.data());
    std::abort();
  }
  return "p." + std::string(name);
}

std::vector<Argument> ArgumentList::arguments() const {
  std::vector<Argument> all = maps_;
  for (const Pointer& pointer : pointers_) all.push_back(pointer.argument);
  for (const std::string& scalar : scalars_) all.push_back({Argument::Kind::scalar, -1, scalar});
  return all;
}

std::vector<std::int64_t> ArgumentList::values() const { return values_; }

void put_arguments(const ArgumentList& list, Launch& launch) {
  launch.arguments = list.arguments();
  launch.scalars = list.values();
}

}  // namespace perftune
