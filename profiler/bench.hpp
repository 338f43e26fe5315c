// One kernel against the vendor libraries of this machine, by the same worker, inputs, policy and
// interleaved rounds as a confirmation.
//
// Throws what WorkerPool throws, and the Error of a job (no compiler, no device).
#pragma once

#include <optional>
#include <string>
#include <vector>

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

// How the libraries of this CPU, or of the present GPU `device`, compute the operator, found out by a worker of
// its own.
struct VendorPrograms {
  std::vector<TileProgram> programs;
  std::vector<std::string> missing;  // one line for each library that is not here or does not take it
};
VendorPrograms find_vendor_programs(const WorkerOptions& workers, const Subject& subject, std::optional<int> device);

}  // namespace perftune
