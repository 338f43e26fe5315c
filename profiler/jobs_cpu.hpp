// The jobs of CPU tuning as a worker serves them: JSON and bytes in, JSON and bytes out. The other
// end is measurer.cpp.
//
//   prepare_cpu   {subject, program} -> {outcome, digest} + shared object   any lane
//   measure_cpu   {subject, program, digest} + shared object -> {outcome}   exclusive
//   vendors_cpu   {subject} -> {programs, missing}: by libraries of this machine   any lane
//   confirm_cpu   {subject, kernels: [{program, digest, bytes}]} + shared objects, one after the
//                 other -> {kernels_us, control_us} or {failure}            exclusive, fresh worker
//   energy_cpu    {subject, kernels, powercap} + shared objects as confirm_cpu -> {joules: [per launch, by round],
//                 why_not}                                                  exclusive
#pragma once

#include "codegen/emitter_registry.hpp"
#include "profiler/cpu_trials.hpp"
#include "profiler/worker.hpp"

namespace perftune {

// `emitters` must outlive `jobs`.
void add_cpu_jobs(WorkerJobs& jobs, const EmitterRegistry& emitters, CpuToolchain toolchain);

}  // namespace perftune
