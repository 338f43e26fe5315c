// Which kernels run an operator: the store's winner, else the best prediction; several where no
// family takes the operator whole.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "db/store.hpp"
#include "recipes/hardware.hpp"
#include "tuner/kernel_plan.hpp"

namespace perftune {

struct KernelChoice {
  Operator op;  // the whole or a part
  TileProgram program;
  std::string source;  // "winner (measured) of store.db", "best prediction; ..."
};

// The best kernel of our own that the store has for an operator: the winner, or what stands in for a vendor's.
struct OwnWinner {
  std::string kernel;  // id
  TileProgram program;
  Basis basis = Basis::measured;
};
std::optional<OwnWinner> own_winner(Store& store, const std::string& signature, HardwareId hardware);

// Why a program of a vendor's target cannot be called; nullopt: it can.
using VendorCheck = std::function<std::optional<std::string>(const TileProgram&)>;
// By looking for its library here.
VendorCheck library_check(const Context& context);

// A winner that calls a vendor's library where it cannot be called gives way to the best of our own.
// `store`: a path; what does not exist holds nothing. `advice` ends the source of what is not tuned.
// Empty with `why_not` where nothing computes the operator.
std::vector<KernelChoice> choose_kernels(const Operator& op, const Hardware& hardware, const Slices& slices,
                                         const std::string& store, const VendorCheck& cannot_call, const std::string& advice,
                                         std::string& why_not);

}  // namespace perftune
