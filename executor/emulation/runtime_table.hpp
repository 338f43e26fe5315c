// The functions behind codegen/emulation/device/runtime.hpp. Each runs on the fiber of the calling
// thread and may switch away from it; a Defect unwinds through the kernel to that fiber's start.
#pragma once

#include "codegen/emulation/device/runtime.hpp"

namespace perftune::emulation {

const Runtime& runtime_table();

}  // namespace perftune::emulation
