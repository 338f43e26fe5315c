// Where candidates of a hardware are tried, and how they are timed: worker processes with the compilers of this machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cli/context.hpp"
#include "codegen/emitter_registry.hpp"
#include "executor/vendor_library.hpp"
#include "db/records.hpp"
#include "executor/host_compiler.hpp"
#include "profiler/worker_pool.hpp"
#include "recipes/hardware.hpp"
#include "tuner/worker_trials.hpp"

namespace perftune {

// How candidates are timed, where not as the hardware's kind has it.
struct TimingChoice {
  bool fast = false;  // a short warm-up and few samples, for many candidates rather than exact times
  std::string cache;  // "cold", "warm", "rotating"; empty: cold on a GPU, warm on a CPU
  std::string powercap;  // where a CPU's energy counters are; empty: the system's
  bool compiles = true;  // false: every kernel comes compiled (submit_built), and no compiler need be here
};

// `threads` 0: all cores of the CPU. Throws Error{unavailable} when the compiler that the hardware
// needs is missing (a host compiler always: it builds CPU kernels and the emulator's).
// The policy says how `timing` was chosen; a CPU's buffers do not rotate (Error{usage}). `provenance` gets what a present GPU's driver says of it.
std::unique_ptr<WorkerTrials> make_trials(const EmitterRegistry& emitters, const Hardware& hardware,
                                         int threads, std::uint64_t seed, const Context& context,
                                         Provenance* provenance = nullptr, const TimingChoice& timing = {});

// How times are taken on `hardware` unless something else is asked for; a GPU's clock is found out by
// probing (device_probe.hpp).
Policy policy_of(const Hardware& hardware, int threads);

// Worker processes of this program, with what they need of the environment.
WorkerOptions worker_options(const Context& context);

// What is known of this machine without a device: its name.
Provenance this_machine();

// What `compiler` makes CPU kernels of `hardware` with: part of what a binary is kept under.
Toolchain cpu_toolchain(const Hardware& hardware, const HostCompiler& compiler);

// Where NVRTC is looked for: the folder that $PERFTUNE_CUDA names and nowhere else, or $CUDA_HOME,
// what scripts/setup installed, and the system's own folders.
LibrarySearch cuda_search(const Context& context);

}  // namespace perftune
