// Do the values of index tensors keep every subscript inside its tensor? Kernels do not ask: a gather
// with an index out of range reads what lies there. So whoever brings values from outside asks first.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "recipes/operator.hpp"

namespace perftune {

// One span per op.inputs(). nullopt, or "id[3] = 900 would read outside its table; 0 to 99 are inside".
std::optional<std::string> index_out_of_range(const Operator& op,
                                              std::span<const std::span<const std::byte>> inputs);

}  // namespace perftune
