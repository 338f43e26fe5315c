// Many CPU kernels per compiler run: their sources in namespaces of one text, entries renamed. For
// tests of hundreds of operators; optimised lightly, so that compiling does not dominate.
#pragma once

#include <string>
#include <vector>

#include "executor/device.hpp"

namespace perftune::testing {

// Compiles kernels of one family and target together; `binary` and `entry` of each are then those of
// the batch. Empty, or what the compiler said.
std::string compile_batch(const std::vector<CompiledKernel*>& kernels, const Hardware& hardware);

}  // namespace perftune::testing
