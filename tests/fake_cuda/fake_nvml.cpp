// A libnvidia-ml.so.1 for the fake driver: a GPU at 1410 MHz that tells of lowered clocks as often as
// FakeDevice::throttled_reads says.
#include <chrono>
#include <cstdio>
#include <cstring>

#include "fake_state.hpp"

namespace {

int reads = 0;

bool throttled_now() {
  const int wanted = fake::read_device(fake::folder()).throttled_reads;
  return wanted < 0 || reads <= wanted;
}

}  // namespace

EXPORT int nvmlInit_v2() { return 0; }
EXPORT int nvmlShutdown() { return 0; }
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned, void** device) {
  *device = &reads;
  return 0;
}
EXPORT int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  *device = &reads;
  return std::strncmp(uuid, "GPU-", 4) == 0 ? 0 : 2;
}
EXPORT int nvmlSystemGetDriverVersion(char* text, unsigned length) {
  std::snprintf(text, length, "580.00.00-fake");
  return 0;
}
EXPORT int nvmlDeviceGetClockInfo(void*, int which, unsigned* mhz) {
  if (which == 1) ++reads;
  *mhz = which == 1 ? (throttled_now() ? 900 : 1410) : 1593;
  return 0;
}
EXPORT int nvmlDeviceGetTemperature(void*, int, unsigned* celsius) {
  *celsius = 41;
  return 0;
}
EXPORT int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
  *milliwatts = 250500;
  return 0;
}
// 250 W, told every 2 ms.
EXPORT int nvmlDeviceGetTotalEnergyConsumption(void*, unsigned long long* millijoules) {
  if (fake::read_device(fake::folder()).energy != "ok") return 3;  // NVML_ERROR_NOT_SUPPORTED
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  *millijoules = static_cast<unsigned long long>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count() / 2 * 500);
  return 0;
}
EXPORT int nvmlDeviceGetCurrentClocksEventReasons(void*, unsigned long long* bits) {
  *bits = throttled_now() ? 0x4 | 0x40 : 0x1;
  return 0;
}
