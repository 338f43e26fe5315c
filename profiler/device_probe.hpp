// Asks a process of its own what a present GPU's driver offers, before anything is measured: the driver
// may bring its process down, and CUPTI has to be started before a context is made.
//
// Throws Error{unavailable} when the device cannot be used at all.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codegen/tile_program.hpp"
#include "db/counters.hpp"
#include "profiler/job_codec.hpp"
#include "profiler/worker_pool.hpp"

namespace perftune {

struct PresentDevice {
  std::string driver;  // version
  std::string uuid;
  std::string clock;   // Policy::timer: "cupti" or "event"
  std::string note;    // what is missing, for the user; empty: nothing
};

PresentDevice probe_device(const WorkerOptions& workers, int device);

// The device's measured ceilings (executor/gpu_calibrate.hpp). `seconds_per_value` 0: the default.
std::map<std::string, Hardware::Measured> calibrate_device(const WorkerOptions& workers, const Hardware& hardware,
                                                           int device, const std::string& date,
                                                           double seconds_per_value = 0);

// What the hardware counts while `program` runs once.
struct CountedKernel {
  std::string chip;
  int passes = 0;
  std::vector<CounterValue> counters;
  std::string refused;             // the driver keeps counters for administrators
  std::optional<Failure> failure;  // the kernel's own
};
CountedKernel count_kernel(const WorkerOptions& workers, const Subject& subject, const TileProgram& program,
                           int device);

}  // namespace perftune
