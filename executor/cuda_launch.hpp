// A Launch in the driver's words: for those that measure kernels and for those that ship them.
#pragma once

#include "codegen/kernel.hpp"
#include "executor/cuda_driver.hpp"

namespace perftune::cuda {

// The entry point of a kernel that is host code: it puts a vendor's routine into the stream and returns the
// library's status, 0 for success.
using HostCall = int (*)(const void* parameters, Stream stream);

// What the driver lacks for `launch`; nullptr when nothing.
const char* cannot_launch(const Driver& driver, const Launch& launch);

// Puts a launch that the driver can do into `stream`: `parameters` is the kernel's only argument,
// by value. Returns what the driver said.
Result launch(const Driver& driver, Function function, const Launch& launch, Stream stream,
              void* parameters);

}  // namespace perftune::cuda
