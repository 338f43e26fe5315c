#include "cli/trials.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "cli/context.hpp"
#include "cli/launcher.hpp"
#include "cli/present_gpu.hpp"
#include "codegen/cpu/headers.hpp"
#include "codegen/vendor/vendor_target.hpp"
#include "codegen/version.hpp"
#include "executor/host_compiler.hpp"
#include "executor/nvrtc.hpp"
#include "profiler/device_probe.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

Toolchain cuda_toolchain(const Hardware& hardware, bool present, const Context& context) {
  if (!present) required_host_compiler(context);  // the emulator's kernels are compiled by it
  const Nvrtc nvrtc(cuda_search(context));
  if (!nvrtc.supports(hardware.arch))
    throw Error(ErrorKind::unavailable,
                fmt::format("NVRTC {} does not compile for {} ({}); `perftune predict` works without",
                            nvrtc.version(), hardware.arch, hardware.name));
  return {hardware.arch, codegen_version(), "nvrtc " + nvrtc.version(),
          fmt::format("{}", fmt::join(Nvrtc::options(), " "))};
}

}  // namespace

Toolchain cpu_toolchain(const Hardware& hardware, const HostCompiler& compiler) {
  return {hardware.cpu.isa, codegen_version(), compiler.identity(),
          fmt::format("{}", fmt::join(cpu_compile_flags(hardware.cpu.isa), " "))};
}

Policy policy_of(const Hardware& hardware, int threads) {
  Policy policy;
  if (hardware.kind == Hardware::Kind::cpu) {
    policy.threads = threads > 0 ? threads : hardware.cpu.cores;
  } else {
    policy.cold = true;
    policy.timer = "event";  // until a process has found a better clock
  }
  return policy;
}

Provenance this_machine() {
  Provenance provenance;
  char host[256] = {};
  if (gethostname(host, sizeof host - 1) == 0) provenance.host = host;
  return provenance;
}

LibrarySearch cuda_search(const Context& context) {
  if (!context.cuda_only.empty()) return {{context.cuda_only}, true};
  std::vector<std::string> folders;
  if (!context.cuda_home.empty()) folders.push_back(context.cuda_home);
  folders.push_back(PERFTUNE_CUDA_DEPS);
  return folders;
}

WorkerOptions worker_options(const Context& context) {
  WorkerOptions workers;
  workers.temporary_parent = context.temporary_parent;
  workers.program = context.executable;
  workers.environment = {"PATH=" + context.path, "CXX=" + context.preferred_compiler,
                         "CUDA_HOME=" + context.cuda_home, "PERFTUNE_CUDA=" + context.cuda_only,
                         "PERFTUNE_DRIVER=" + context.driver_folder,
                         // Threads of OpenBLAS and of OpenMP (oneDNN's) would otherwise spin for milliseconds
                         // after a call on the cores that the next contender needs.
                         "OPENBLAS_THREAD_TIMEOUT=16", "GOMP_SPINCOUNT=10000"};
  workers.environment.insert(workers.environment.end(), context.driver_environment.begin(),
                             context.driver_environment.end());
  workers.cancelled = context.interrupted;
  return workers;
}

std::unique_ptr<WorkerTrials> make_trials(const EmitterRegistry& emitters, const Hardware& hardware,
                                         int threads, std::uint64_t seed, const Context& context,
                                         Provenance* provenance, const TimingChoice& timing) {
  const bool cpu = hardware.kind == Hardware::Kind::cpu;
  MeasurerOptions options;
  options.hardware = hardware;
  options.policy = policy_of(hardware, threads);
  if (timing.cache == "rotating" && cpu)
    throw Error(ErrorKind::usage, "--cache rotating is for GPUs; a CPU's are warm, or cold (flushed before each call)");
  if (!timing.cache.empty()) options.policy.cold = timing.cache != "warm";
  options.policy.rotate = timing.cache == "rotating";
  if (timing.fast) {
    options.policy.warmup_ms = 3;
    options.policy.max_seconds = 0.05;
  }
  options.seed = seed;
  if (!timing.powercap.empty()) options.powercap = timing.powercap;
  if (!cpu) options.device = present_device(hardware, context);
  std::map<std::string, Toolchain, std::less<>> toolchains;
  for (const auto& emitter : emitters.all()) {
    const std::string target(emitter->target());
    const VendorTarget* const vendor = find_vendor(target);
    const bool of_gpu = vendor != nullptr ? vendor->gpu : target.starts_with("cuda/");
    if (!timing.compiles || toolchains.contains(target) || of_gpu == cpu) continue;
    if (of_gpu && vendor != nullptr) {
      // Calls of a library are measured, so only where the device is, and need a compiler of the host's.
      const auto compiler = options.device ? HostCompiler::find(context.preferred_compiler, context.path) : std::nullopt;
      if (compiler)
        toolchains[target] = {hardware.arch, codegen_version(), compiler->identity(), fmt::format("{}", fmt::join(vendor_compile_flags(), " "))};
      continue;
    }
    if (hardware.model_only) toolchains[target] = {hardware.arch, codegen_version(), "none", ""};
    else toolchains[target] = cpu ? cpu_toolchain(hardware, required_host_compiler(context))
                                  : cuda_toolchain(hardware, options.device.has_value(), context);
  }
  WorkerOptions workers = worker_options(context);
  if (options.device) {
    workers.device_worker = true;
    // As many compilers as keep ahead of one device.
    workers.workers = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 2U, 9U)) - 1;
    const PresentDevice device = probe_device(workers, *options.device);
    options.policy.timer = device.clock;
    if (!device.note.empty()) context.say("perftune: " + device.note);
    if (provenance != nullptr) {
      provenance->driver = device.driver;
      provenance->device_serial = device.uuid;
    }
  }
  return std::make_unique<WorkerTrials>(emitters, std::move(workers), std::move(options),
                                        std::move(toolchains));
}

}  // namespace perftune
