// The hidden subcommand: this executable as a worker process, serving jobs to the one that
// started it (profiler/worker.hpp).
#pragma once

#include "cli/context.hpp"

namespace perftune {

bool is_worker(int argc, char** argv);
int run_worker(const Context& context);

}  // namespace perftune
