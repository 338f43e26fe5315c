// One kernel against the vendor libraries of this machine, by the same worker, inputs, policy and
// interleaved rounds as a confirmation.
//
// Throws what WorkerPool throws, and the Error of a job (no compiler, no device).
#pragma once

#include <optional>

#include "codegen/tile_program.hpp"
#include "profiler/confirmation.hpp"
#include "profiler/job_codec.hpp"
#include "profiler/worker_pool.hpp"

namespace perftune {

struct BenchedKernel {
  NamedSamples named;              // without names: no library takes the operator; `missing` says why
  std::optional<Failure> failure;  // the kernel's own: then there are no samples
};

// `device`: number of the present GPU; absent: this CPU.
BenchedKernel bench_kernel(const WorkerOptions& workers, const Subject& subject, const TileProgram& program,
                           std::optional<int> device);

}  // namespace perftune
