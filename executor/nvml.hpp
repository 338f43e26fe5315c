// NVML, loaded at run time: clocks, temperature, power and the reasons for lowered clocks of one GPU.
//
// Absent, or refusing a value (virtual GPUs do), is a normal state: what is not told stays zero. One
// thread. Reading takes some hundred microseconds, so not within a timed sample.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "db/outcome.hpp"
#include "executor/vendor_library.hpp"

namespace perftune {

class GpuSensors {
 public:
  // `uuid` as PresentGpu's; empty takes the first device. nullptr with `why_not` set when NVML or the
  // device is not there. `folders` are searched first (a fake in tests).
  static std::unique_ptr<GpuSensors> open(std::span<const std::string> folders,
                                          const std::string& uuid, std::string& why_not);
  ~GpuSensors();
  GpuSensors(const GpuSensors&) = delete;
  GpuSensors& operator=(const GpuSensors&) = delete;

  DeviceState read() const;
  // Joules that the whole board has taken since the driver was loaded (from Volta on); nullopt with `why_not` set.
  std::optional<double> joules(std::string& why_not) const;
  const std::string& driver_version() const { return driver_version_; }  // "580.82.07"

 private:
  using Result = int;  // 0: success
  using Device = struct NvmlDevice*;

  explicit GpuSensors(std::span<const std::string> folders);

  VendorLibrary library_;
  Device device_ = nullptr;
  std::string driver_version_;
  Result (*shutdown_)() = nullptr;
  Result (*clock_)(Device, int which, unsigned* mhz) = nullptr;
  Result (*temperature_)(Device, int sensor, unsigned* celsius) = nullptr;
  Result (*power_)(Device, unsigned* milliwatts) = nullptr;
  Result (*energy_)(Device, unsigned long long* millijoules) = nullptr;
  Result (*reasons_)(Device, unsigned long long* bits) = nullptr;
};

}  // namespace perftune
