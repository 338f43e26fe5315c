// The jobs of tuning for a GPU, as a worker serves them: JSON and bytes in, JSON and bytes out. The
// other end is measurer.cpp.
//
//   probe_cuda    {device} -> {driver, uuid, clock, why_not_cupti, why_not_nvml}  fresh worker
//   compile_cuda  {subject, program} -> {outcome} + cubin    NVRTC; real registers, spills, log
//   emulate       {subject, program} -> {outcome}            the same text on a small problem
//   measure_cuda  {subject, program, device} + cubin -> {outcome}        on the device; lane device
//   confirm_cuda  {subject, kernels: [{program, digest, bytes}], device} + cubins, one after the
//                 other -> {kernels_us, control_us} or {failure}         the same, fresh worker
//   calibrate_cuda {hardware, device, seconds_per_value, date} -> {measured: {key: {value, source}}}
//   bench_cuda    {subject, program, device} + cubin -> {names, details, missing, kernels_us, control_us}
//                 or {failure}                                           the same, fresh worker
//   energy_cuda   {subject, kernels, device} + binaries as confirm_cuda -> as energy_cpu      the same
//   vendors_cuda  {subject, device} -> {programs, missing}: the best right algorithm of each library  the same
//   count_cuda    {subject, program, device} + cubin -> {chip, passes, counters} or {refused} or
//                 {failure}                                              the same, fresh worker
//
// A kernel that spills or draws one of the compiler's performance warnings is `rejected`.
#pragma once

#include <string>
#include <vector>

#include "codegen/emitter_registry.hpp"
#include "executor/vendor_library.hpp"
#include "profiler/cpu_trials.hpp"
#include "profiler/worker.hpp"

namespace perftune {

// `emitters` must outlive `jobs`. `host` compiles for the emulator; `cuda` says where NVRTC is
// looked for, `driver_folders` come first for libcuda.so.1 (a fake in tests). None of them is
// looked for before the first job that needs it.
void add_cuda_jobs(WorkerJobs& jobs, const EmitterRegistry& emitters, CpuToolchain host,
                   LibrarySearch cuda, std::vector<std::string> driver_folders = {});

}  // namespace perftune
