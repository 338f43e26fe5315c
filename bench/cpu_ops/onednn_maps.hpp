// Maps as oneDNN primitives: elementwise functions, binary arithmetic, reorders of any permutation.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bench/cpu_ops/cases.hpp"

namespace perftune::bench {

// As onednn_call (onednn.hpp), for the map family; empty for other operators.
std::function<void()> onednn_map_call(const Case& c, std::span<float* const> inputs, float* output);

// What is compared of the family when nothing is named.
const std::vector<std::string>& map_cases();

}  // namespace perftune::bench
