// The part of `profile` that runs a kernel.
#pragma once

#include <string>

#include "cli/context.hpp"

namespace perftune {

// Counts `kernel` (an id of the store, or the start of one) on the GPU that it was made for, prints and
// keeps the counters. Refused counters are told and no error. Throws Error{unavailable} without that GPU
// and Error{no_candidate} when the kernel fails.
void profile_kernel(const std::string& kernel, const std::string& database, bool json, Context& context);

}  // namespace perftune
