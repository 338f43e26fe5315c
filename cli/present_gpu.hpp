// Which of the catalogue's GPUs is in this machine, if any.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

// The first GPU of this machine, as the catalogue knows it with the driver's own facts. Throws
// Error{unavailable} without a driver, a device, or an entry for it.
Hardware local_gpu(const Context& context);

// The number of a present device that is `hardware`; nullopt: work for it is offline.
std::optional<int> present_device(const Hardware& hardware, const Context& context);

// The same for commands that run kernels: throws Error{unavailable} where it is not present.
int required_device(const Hardware& hardware, const Context& context);

// Searched first for libcuda.so.1.
std::vector<std::string> driver_folders(const Context& context);

}  // namespace perftune
