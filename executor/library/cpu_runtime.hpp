// This CPU as the library's Runtime: kernels are called in the calling thread, with a team of threads
// for those that have several tasks.
//
// The team serves one launch at a time. A launch that finds it taken does its tasks itself, one after
// the other, instead of waiting: kernels promise nothing about which thread runs a task, and with many
// callers the processors are busy anyway. Threads are not pinned: they belong to somebody's program.
#pragma once

#include <memory>

#include "executor/library/bound_kernel.hpp"

namespace perftune {

// `threads` that one launch may use, at least 1; helpers start with the first launch that wants them.
std::shared_ptr<Runtime> make_cpu_runtime(int threads);

}  // namespace perftune
