#include "cli/worker.hpp"

#include <cstdlib>
#include <cstring>

#include "cli/present_gpu.hpp"
#include "cli/trials.hpp"
#include "cli/wire.hpp"
#include "profiler/jobs_cpu.hpp"
#include "profiler/jobs_cuda.hpp"
#include "profiler/worker.hpp"

namespace perftune {

bool is_worker(int argc, char** argv) { return argc > 1 && argv[1] == kWorkerArgument; }

int run_worker(const Context& context) {
  const auto emitters = make_emitters();
  WorkerJobs jobs;
  CpuToolchain host;
  host.preferred_compiler = context.preferred_compiler;
  host.search_path = context.path;
  host.temporary_parent = context.temporary_parent;
  add_cpu_jobs(jobs, *emitters, host);
  add_cuda_jobs(jobs, *emitters, host, cuda_search(context), driver_folders(context));
  return worker_main(kWorkerInput, kWorkerOutput, jobs);
}

}  // namespace perftune
