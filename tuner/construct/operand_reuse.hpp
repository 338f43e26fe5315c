// Which operators the reduction and row families leave to the contraction family, although they
// could compute them: those where an operand's elements enter many sums.
#pragma once

#include <optional>
#include <string>

#include "recipes/operator.hpp"

namespace perftune {

// Why a kernel that reads both operands anew for every sum is not worth constructing; nullopt when
// it is: no contraction, or one with so few rows or columns that nothing is lost.
std::optional<std::string> better_contracted(const Operator& op);

}  // namespace perftune
