// The kernels that measure a GPU's ceilings: CUDA text over perftune's own device headers, so that the
// emulator can run them too.
#pragma once

#include <string>
#include <vector>

#include "codegen/kernel.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

// One kernel of the calibration. All take {data, sink, count, passes}: pointers to float vectors, and
// two 64-bit numbers whose meaning `measures` fixes.
struct CalibrationKernel {
  std::string measures;  // "read" | "copy" | "shared" | "fma_f32" | "fma_f64" | "tensor_f16" | ... | "empty"
  Kernel kernel;
  int threads = 256;
  double work_per_thread_pass = 0;  // FLOP, or bytes for "shared"; 0: counted by the caller
};

// Those that `hardware` can run; empty kernels for launches come last.
std::vector<CalibrationKernel> calibration_kernels(const Hardware& hardware);

}  // namespace perftune
