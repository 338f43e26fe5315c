// The GPUs of this machine, as the driver describes them, and what the catalogue knows of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "executor/cuda_driver.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

struct PresentGpu {
  int ordinal = 0;
  std::string name;            // "NVIDIA H200"
  std::string uuid;            // "GPU-..." as nvidia-smi prints it; empty: unknown
  int compute_capability = 0;  // 90 for 9.0
  int sms = 0;
  double memory_gib = 0;
  double clock_ghz = 0;  // maximum
  double l2_mib = 0;
  int shared_bytes_optin = 0;
};

// Throws Error{unavailable} when the driver cannot tell.
std::vector<PresentGpu> present_gpus(const cuda::Driver& driver);

// The catalogue's entry for this device: one that is_present, and of those the one whose vendor
// name has most of the device's words. With facts that the driver knows better (clock, memory)
// taken from it. nullopt: unknown here.
std::optional<Hardware> hardware_of(const PresentGpu& gpu, const std::vector<Hardware>& catalogue);

// Whether `hardware`, chosen by name, is this device: the same compute capability, SMs and memory.
bool is_present(const Hardware& hardware, const PresentGpu& gpu);

}  // namespace perftune
