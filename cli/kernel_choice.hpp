// Which kernels run an operator: the store's winner, else the best prediction; several where no
// family takes the operator whole.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "recipes/hardware.hpp"
#include "tuner/kernel_plan.hpp"

namespace perftune {

struct KernelChoice {
  Operator op;  // the whole or a part
  TileProgram program;
  std::string source;  // "winner (measured) of store.db", "best prediction; ..."
};

// `store`: a path; what does not exist holds nothing. `advice` ends the source of what is not tuned.
// Empty with `why_not` where nothing computes the operator.
std::vector<KernelChoice> choose_kernels(const Operator& op, const Hardware& hardware, const Slices& slices,
                                         const std::string& store, const std::string& advice, std::string& why_not);

}  // namespace perftune
