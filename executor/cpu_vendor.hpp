// OpenBLAS and oneDNN on this CPU, loaded at run time where present: f32 matrix products as baselines.
//
// Call order: find, then call() in the process that measures. One thread; the libraries bring their own.
// Loading OpenBLAS starts its threads: they spin after a call for as long as $OPENBLAS_THREAD_TIMEOUT
// says, so it is set before (openblas_environment).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "executor/cpu_device.hpp"

namespace perftune {

struct VendorCall {
  std::string name;            // "OpenBLAS"
  std::function<void()> call;  // once, on the tensors that the device has loaded
};

// What the libraries of this machine compute of `op`; `missing` gets one line for each that does not.
std::vector<VendorCall> cpu_vendor_calls(const Operator& op, CpuDevice& device,
                                         std::vector<std::string>& missing);

}  // namespace perftune
