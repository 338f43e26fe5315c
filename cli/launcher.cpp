#include "cli/launcher.hpp"

#include <utility>

#include "cli/present_gpu.hpp"
#include "executor/cpu_device.hpp"
#include "executor/cuda_device.hpp"
#include "recipes/error.hpp"

namespace perftune {
HostCompiler required_host_compiler(const Context& context) {
  auto compiler = HostCompiler::find(context.preferred_compiler, context.path);
  if (!compiler)
    throw Error(ErrorKind::unavailable, "no host C++ compiler: g++ or clang++ is needed in PATH (or name one in CXX)");
  return *std::move(compiler);
}

Launcher::Launcher(const Hardware& hardware, int threads, const Context& context) {
  if (hardware.kind == Hardware::Kind::cpu) {
    device_ = std::make_unique<CpuDevice>(hardware, threads);
    return;
  }
  const int ordinal = required_device(hardware, context);
  driver_.emplace(driver_folders(context));
  device_ = std::make_unique<CudaDevice>(*driver_, ordinal, hardware);
}

}  // namespace perftune
