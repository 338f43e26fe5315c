// The libraries to compare with, called the way a user would: one sgemm per batch element.
#pragma once

#include "bench/cpu_gemm/problem.hpp"

namespace perftune::bench {

// Gives both libraries `threads` threads and starts them. Call before this thread is pinned:
// threads inherit the processors of the thread that makes them.
void start_vendors(int threads);

void run_onednn(const Problem& problem, const float* a, const float* b, float* c);
void run_openblas(const Problem& problem, const float* a, const float* b, float* c);

}  // namespace perftune::bench
