// The device headers that emitted CUDA sources include by name, as they travel in the executable.
#pragma once

#include <vector>

#include "codegen/kernel.hpp"

namespace perftune {

// "perftune/ptx.cuh" and its siblings. Those that the emulator implements for the host (every
// instruction wrapper) are listed by it, not here.
const std::vector<DeviceHeader>& cuda_device_headers();

}  // namespace perftune
