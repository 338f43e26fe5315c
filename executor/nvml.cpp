#include "executor/nvml.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "recipes/error.hpp"

namespace perftune {
namespace {

// nvmlClockType_t, nvmlTemperatureSensors_t
constexpr int kSmClock = 1, kMemoryClock = 2, kGpuSensor = 0;

struct Reason {
  unsigned long long bit;
  const char* name;
  bool takes_speed;  // false: idle, or clocks that somebody chose
};

// nvmlClocksEventReason*
constexpr Reason kReasons[] = {
    {0x1, "idle", false},           {0x2, "application_clocks", false},
    {0x4, "sw_power_cap", true},    {0x8, "hw_slowdown", true},
    {0x10, "sync_boost", false},    {0x20, "sw_thermal", true},
    {0x40, "hw_thermal", true},     {0x80, "hw_power_brake", true},
    {0x100, "display_clock", false}};

}  // namespace

GpuSensors::GpuSensors(std::span<const std::string> folders)
    : library_("NVML", std::vector<std::string>{"libnvidia-ml.so.1"},
               std::vector<std::string>(folders.begin(), folders.end())) {
  library_.bind_optional(shutdown_, "nvmlShutdown");
  library_.bind_optional(clock_, "nvmlDeviceGetClockInfo");
  library_.bind_optional(temperature_, "nvmlDeviceGetTemperature");
  library_.bind_optional(power_, "nvmlDeviceGetPowerUsage");
  library_.bind_optional(energy_, "nvmlDeviceGetTotalEnergyConsumption");
  library_.bind_optional(reasons_, "nvmlDeviceGetCurrentClocksEventReasons");
  if (reasons_ == nullptr)  // its name before driver 535
    library_.bind_optional(reasons_, "nvmlDeviceGetCurrentClocksThrottleReasons");
}

std::unique_ptr<GpuSensors> GpuSensors::open(std::span<const std::string> folders,
                                             const std::string& uuid, std::string& why_not) {
  try {
    std::unique_ptr<GpuSensors> sensors(new GpuSensors(folders));
    Result (*init)() = nullptr;
    Result (*by_uuid)(const char*, Device*) = nullptr;
    Result (*by_index)(unsigned, Device*) = nullptr;
    Result (*driver)(char*, unsigned) = nullptr;
    sensors->library_.bind_required(init, "nvmlInit_v2");
    sensors->library_.bind_required(by_uuid, "nvmlDeviceGetHandleByUUID");
    sensors->library_.bind_required(by_index, "nvmlDeviceGetHandleByIndex_v2");
    sensors->library_.bind_optional(driver, "nvmlSystemGetDriverVersion");
    if (const Result result = init(); result != 0) {
      why_not = fmt::format("NVML does not start (error {})", result);
      return nullptr;
    }
    const Result result = uuid.empty() ? by_index(0, &sensors->device_) : by_uuid(uuid.c_str(), &sensors->device_);
    if (result != 0) {
      why_not = fmt::format("NVML does not know the device {} (error {})", uuid, result);
      return nullptr;
    }
    std::array<char, 96> version{};
    if (driver != nullptr && driver(version.data(), version.size()) == 0) sensors->driver_version_ = version.data();
    return sensors;
  } catch (const Error& error) {
    why_not = error.what();
    return nullptr;
  }
}

GpuSensors::~GpuSensors() {
  if (shutdown_ != nullptr && device_ != nullptr) shutdown_();
}

std::optional<double> GpuSensors::joules(std::string& why_not) const {
  unsigned long long millijoules = 0;
  const Result result = energy_ == nullptr ? -1 : energy_(device_, &millijoules);
  if (result == 0) return static_cast<double>(millijoules) * 1e-3;
  why_not = energy_ == nullptr ? "this driver's NVML has no energy counter"
                               : fmt::format("NVML does not tell this GPU's energy (error {})", result);
  return std::nullopt;
}

DeviceState GpuSensors::read() const {
  DeviceState state;
  unsigned value = 0;
  if (clock_ != nullptr && clock_(device_, kSmClock, &value) == 0) state.sm_mhz = value;
  if (clock_ != nullptr && clock_(device_, kMemoryClock, &value) == 0) state.memory_mhz = value;
  if (temperature_ != nullptr && temperature_(device_, kGpuSensor, &value) == 0) state.temperature_c = value;
  if (power_ != nullptr && power_(device_, &value) == 0) state.power_w = value * 1e-3;
  unsigned long long bits = 0;
  if (reasons_ != nullptr && reasons_(device_, &bits) == 0) {
    for (const Reason& reason : kReasons) {
      if ((bits & reason.bit) == 0) continue;
      state.reasons += (state.reasons.empty() ? "" : "+") + std::string(reason.name);
      state.throttled = state.throttled || reason.takes_speed;
    }
  }
  return state;
}

}  // namespace perftune
