// The functions behind codegen/emulation/device/hopper_runtime.hpp, on the fiber of their caller.
#pragma once

#include "codegen/emulation/device/hopper_runtime.hpp"

namespace perftune::emulation {

const HopperRuntime& hopper_table();

}  // namespace perftune::emulation
