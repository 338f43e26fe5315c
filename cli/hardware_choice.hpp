// The --gpu, --cpu and --threads options, shared by every command that works for one device.
#pragma once

#include <string>

#include "cli/context.hpp"
#include "recipes/hardware.hpp"

namespace CLI {
class App;
}

namespace perftune {

struct HardwareChoice {
  std::string gpu;   // catalogue name, alias or "local"
  bool cpu = false;
  int threads = 0;   // CPU; 0: all cores; fewer are a device of their own (recipes/cpu_threads.hpp)

  void add_options(CLI::App& command);

  // Throws Error{usage} when neither or both were given or the name is unknown, and
  // Error{unavailable} for `--gpu local` without a device.
  Hardware resolve(const Context& context) const;
};

// This machine's CPU: the cached calibration where there is one, else a quick one that is cached.
Hardware local_cpu(const Context& context);
std::string today();  // "2026-11-21", for the source of what is measured
std::string cpu_cache_path(const Context& context);
std::string gpu_cache_path(const Hardware& hardware, const Context& context);
// With the ceilings that `hardware calibrate --gpu` measured of a GPU of that name, if it did.
Hardware calibrated(Hardware hardware, const Context& context);

}  // namespace perftune
