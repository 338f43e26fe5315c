// "A=a.npy" arguments: a tensor of the operator and a path.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

// Tensor position -> path. Throws Error{usage} on a missing '=', a name that is not among
// `allowed` (they are listed), or one given twice. `option` is shown in messages.
std::map<int, std::string> parse_named_paths(const std::vector<std::string>& arguments,
                                             const std::string& option, const Operator& op,
                                             const std::vector<int>& allowed);

}  // namespace perftune
