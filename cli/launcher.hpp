// Launches compiled kernels inside this process, on this CPU or on a GPU that is here. For kernels that a worker
// has verified before: what crashes takes the process with it.
#pragma once

#include <memory>
#include <optional>

#include "cli/context.hpp"
#include "executor/cuda_driver.hpp"
#include "executor/device.hpp"
#include "executor/host_compiler.hpp"

namespace perftune {

// The compiler of CPU kernels: $CXX, g++ or clang++. Throws Error{unavailable} without one.
HostCompiler required_host_compiler(const Context& context);

class Launcher {
 public:
  // `threads` are a CPU's. Throws Error{unavailable} when the device is not here.
  Launcher(const Hardware& hardware, int threads, const Context& context);
  Device& device() { return *device_; }

 private:
  std::optional<cuda::Driver> driver_;
  std::unique_ptr<Device> device_;  // over the driver
};

}  // namespace perftune
