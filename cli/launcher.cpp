#include "cli/launcher.hpp"

#include <utility>

#include "cli/present_gpu.hpp"
#include "cli/trials.hpp"
#include "codegen/cpu/headers.hpp"
#include "executor/cpu_device.hpp"
#include "executor/cuda_device.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

constexpr int kCompileSeconds = 60;

[[noreturn]] void does_not_compile(const std::string& log) {
  throw Error(ErrorKind::no_candidate, "the kernel does not compile: " + log);
}

}  // namespace

HostCompiler required_host_compiler(const Context& context) {
  auto compiler = HostCompiler::find(context.preferred_compiler, context.path);
  if (!compiler)
    throw Error(ErrorKind::unavailable, "no host C++ compiler: g++ or clang++ is needed in PATH (or name one in CXX)");
  return *std::move(compiler);
}

Launcher::Launcher(const Hardware& hardware, int threads, const Context& context) : hardware_(hardware) {
  if (hardware.kind == Hardware::Kind::cpu) {
    host_compiler_ = required_host_compiler(context);
    device_ = std::make_unique<CpuDevice>(hardware, threads);
    return;
  }
  const int ordinal = required_device(hardware, context);
  nvrtc_.emplace(cuda_search(context));
  driver_.emplace(driver_folders(context));
  device_ = std::make_unique<CudaDevice>(*driver_, ordinal, hardware);
}

CompiledKernel Launcher::compile(Kernel kernel) const {
  if (nvrtc_) {
    auto result = nvrtc_->compile(kernel, hardware_.arch);
    if (const auto* failure = std::get_if<Failure>(&result)) does_not_compile(failure->detail);
    return std::get<CompiledKernel>(std::move(result));
  }
  auto result = host_compiler_->compile(kernel.source, cpu_device_headers(), cpu_compile_flags(hardware_.cpu.isa), kCompileSeconds);
  if (!result.ok) does_not_compile(result.log);
  return {std::move(kernel), std::move(result.binary), {}};
}

}  // namespace perftune
