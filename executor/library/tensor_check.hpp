// Whether tensors of a caller's are what a kernel takes: number, type, shape, strides, device,
// alignment, and outputs that overlap nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "executor/library/status.hpp"
#include "recipes/operator.hpp"

namespace perftune {

using TensorArgument = const perftune_tensor*;

struct TensorRules {
  perftune_device_type device = PERFTUNE_CPU;
  int ordinal = 0;
  std::uint64_t least_alignment = 1;  // bytes; an element's size in any case
  std::uint64_t alignment(DType type) const {
    return std::max<std::uint64_t>(least_alignment, size_bytes(type));
  }
};

// Positions in Operator::tensors, in the order that callers give tensors: inputs, then outputs.
std::vector<int> argument_order(const Operator& op);

// nullopt: all is well, and `addresses` holds one per argument.
std::optional<Refusal> check_tensors(const Operator& op, std::span<const int> order,
                                     std::span<const TensorArgument> tensors, const TensorRules& rules,
                                     std::vector<std::uint64_t>& addresses);

// Base dimensions of `op` (bound anywhere) that the shapes of `tensors` show: those that are an extent
// by themselves. Also nullopt-checks rank and type; `tensors` may be the inputs alone.
std::optional<Refusal> read_dims(const Operator& op, std::span<const TensorArgument> tensors, Dims& dims);

// "m=128 n=64"
std::string dims_words(const Dims& dims);

// Whether rank and type of the tensors are those of `op`, whatever its extents.
bool same_kind(const Operator& op, std::span<const TensorArgument> tensors);

}  // namespace perftune
