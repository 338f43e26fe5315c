// A table over recipes/library: dimensions at which every named operator is tested.
#pragma once

#include <string>
#include <vector>

namespace perftune::testing {

struct LibraryCase {
  std::string op;
  std::vector<std::string> points;  // more keys of the operator file: dims and parameters
  bool floats = true;               // takes dtype: f16 and bf16 too
};
const std::vector<LibraryCase>& library_cases();

}  // namespace perftune::testing
