// Where a kernel was last used: enough to explain, export or run it from the store alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/store.hpp"

namespace perftune {

struct KernelUse {
  KernelRecord kernel;
  HardwareRecord hardware;
  std::string definition;  // of the operator that it was tried for
};

// The latest measurement's or decision's, for the kernel whose id starts with `id_prefix`; nullopt when there is
// none. Throws Error{usage} when the prefix names several kernels.
std::optional<KernelUse> find_kernel_use(Store& store, std::string_view id_prefix);

// What was tried for an operator on a device, newest first, at most `limit`.
struct PastOutcome {
  std::string kernel, outcome, phase, codegen_version;
  std::int64_t taken_at_ms = 0;
  std::optional<double> us;
};
std::vector<PastOutcome> past_outcomes(Store& store, std::string_view signature, std::string_view hardware,
                                       std::string_view vendor_name, std::int64_t limit);

// A program's time for an operator on a device: of its latest confirmation, or failing that its latest screening.
struct ProgramTime {
  double us = 0;
  std::string policy;
  std::int64_t taken_at_ms = 0;
};
std::optional<ProgramTime> program_time(Store& store, std::string_view signature, HardwareId hardware,
                                        std::string_view program);

// What the compiler made of a program for an operator on a device, the latest; nullopt: it was not compiled there.
std::optional<Resources> program_resources(Store& store, std::string_view signature, HardwareId hardware,
                                           std::string_view program);

// The operator file of a signature; empty when the store cannot rebuild it (imported results).
std::string find_definition(Store& store, std::string_view signature);

// The description of a device by both of its names; empty when there is none.
std::string find_hardware_description(Store& store, std::string_view name,
                                      std::string_view vendor_name);

}  // namespace perftune
