// The members of a kernel's `struct Params`, and at one shape their values.
//
// Filled by what binds a launch (launch_rules.hpp), which knows numbers and no text; printers then name
// what is there. So a text and a launch cannot disagree: a name that nobody declared is a bug and aborts.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/kernel.hpp"
#include "recipes/dtype.hpp"

namespace perftune {

class ArgumentList {
 public:
  struct Pointer {
    Argument argument;
    DType type = DType::f32;  // of Kind::tensor
    bool writes = false;
  };

  // Each name counts once, however often it is declared.
  void tensor(std::string_view name, DType type, bool writes, int position);
  void workspace();
  void tensor_map(std::string_view name, int position);
  void scalar(std::string_view name, std::int64_t value);

  // "p.name" of a scalar.
  std::string use(std::string_view name) const;

  std::vector<Argument> arguments() const;   // tensor maps, then pointers, first
  std::vector<std::int64_t> values() const;  // of the scalars
  const std::vector<Argument>& maps() const { return maps_; }
  const std::vector<Pointer>& pointers() const { return pointers_; }
  const std::vector<std::string>& scalars() const { return scalars_; }

 private:
  bool declared(std::string_view name) const;

  std::vector<Argument> maps_;
  std::vector<Pointer> pointers_;
  std::vector<std::string> scalars_;
  std::vector<std::int64_t> values_;
};

// A launch's arguments and scalars from its list.
void put_arguments(const ArgumentList& list, Launch& launch);

}  // namespace perftune
