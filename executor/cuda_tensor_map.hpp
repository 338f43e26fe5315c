// Tensor maps encoded by the CUDA driver (cuTensorMapEncodeTiled), for launches on sm_90a.
#pragma once

#include <optional>
#include <string>

#include "executor/cuda_driver.hpp"
#include "executor/parameter_block.hpp"

namespace perftune {

// nullopt, or why the driver does not encode `map` of the tensor at `address`: one before CUDA 12, a
// type that TMA does not know, or what the driver refuses.
std::optional<std::string> encode_tensor(const cuda::Driver& driver, const TensorMap& map,
                                         std::uint64_t address, ParameterBlock::MapWords& into);

}  // namespace perftune
