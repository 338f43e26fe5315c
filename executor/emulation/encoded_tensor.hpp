// A tensor map as the emulated device headers read it (hopper_runtime.hpp's EncodedTensor).
#pragma once

#include <optional>
#include <string>

#include "codegen/kernel.hpp"
#include "executor/parameter_block.hpp"

namespace perftune::emulation {

// nullopt, or what cuTensorMapEncodeTiled would refuse of `map` for the tensor at `address`, or the
// emulator does not model.
std::optional<std::string> encode_tensor(const TensorMap& map, std::uint64_t address,
                                         ParameterBlock::MapWords& into);

}  // namespace perftune::emulation
