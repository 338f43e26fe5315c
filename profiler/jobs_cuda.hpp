// The jobs of tuning for a GPU that is not there, as a worker serves them: JSON and bytes in, JSON
// and bytes out. The other end is measurer.cpp.
//
//   compile_cuda  {subject, program} -> {outcome} + cubin    NVRTC; real registers, spills, log
//   emulate       {subject, program} -> {outcome}            the same text on a small problem
//
// A kernel that spills or draws one of the compiler's performance warnings is `rejected`.
#pragma once

#include <string>
#include <vector>

#include "codegen/emitter_registry.hpp"
#include "profiler/cpu_trials.hpp"
#include "profiler/worker.hpp"

namespace perftune {

// `emitters` must outlive `jobs`. `host` compiles for the emulator; `cuda_folders` are searched for
// NVRTC first. Neither is looked for before the first job that needs it.
void add_cuda_jobs(WorkerJobs& jobs, const EmitterRegistry& emitters, CpuToolchain host,
                   std::vector<std::string> cuda_folders);

}  // namespace perftune
