// The device headers for a kernel compiled for the emulator: those of codegen/cuda, with every
// header that wraps instructions replaced by its host twin from codegen/emulation/device.
#pragma once

#include <vector>

#include "codegen/kernel.hpp"

namespace perftune {

const std::vector<DeviceHeader>& emulation_device_headers();

}  // namespace perftune
