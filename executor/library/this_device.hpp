// The row of a store's `hardware` table that stands for this machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "db/launchables.hpp"
#include "executor/gpu_detect.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

struct ThisDevice {
  HardwareId id{};
  Hardware hardware;       // of the row: what kernels were made for
  bool same_model = true;  // or else only its binaries fit
  bool foreign = false;    // not even these: `hardware` is the row's with this device's architecture and limits
};

// The CPU that runs this: the row of its model that was tuned with `cores` of its cores, else one whose instruction set it has.
// nullopt with `why_not` set: none.
std::optional<ThisDevice> find_this_cpu(const std::vector<StoredDevice>& devices, int cores, std::string& why_not);

// The same for a GPU: the row that is this device, else one whose binaries it runs: of the same major
// compute capability, not newer, and not for the architecture's own instructions ("sm_90a"). Else a foreign
// one, whose sources have to be compiled: the newest that is not newer than this device, or the oldest.
std::optional<ThisDevice> find_this_gpu(const std::vector<StoredDevice>& devices, const PresentGpu& gpu,
                                        std::string& why_not);

}  // namespace perftune
