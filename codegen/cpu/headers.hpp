// What compiling a CPU kernel takes besides its source: device headers and compiler flags.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codegen/kernel.hpp"

namespace perftune {

// Every header of codegen/cpu/device, under the name by which sources include it.
const std::vector<DeviceHeader>& cpu_device_headers();

// Flags for g++ and clang++ alike. `isa` is CpuLimits::isa, "avx512" or "avx2": spelt out because
// it belongs to the validity key of a kernel. -O3 is not a luxury: -O2 runs at 0.43 of its speed
// (unrolling keeps the sums in registers). NaN and infinity keep their meaning. Throws
// Error{unavailable} for an instruction set that kernels are not generated for.
std::vector<std::string> cpu_compile_flags(std::string_view isa);

}  // namespace perftune
