// What the fake driver (fake_cuda.cpp) and the tests that use it agree on: a folder named by
// $PERFTUNE_FAKE_CUDA with
//   device           what the device is: "key value" lines (see FakeDevice)
//   HASH.emulated    the build for the emulator of the module image with that hash
//   launches         one byte appended per launch, so that tests can count them
//   graphs           the same per launch of a graph
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace perftune {

struct FakeDevice {
  std::string name = "NVIDIA A100-SXM4-80GB";
  int compute_capability = 80;
  int sms = 108;
  double total_gib = 80;                               // as reported
  std::int64_t memory_bytes = std::int64_t{64} << 20;  // as allocated before it is out of memory
  int shared_bytes_optin = 166912;
  int clock_khz = 1410000;
  int l2_bytes = 40 << 20;
  int devices = 1;
  int lost_after = -1;  // launches until the GPU falls off the bus; -1: never
  int lost_at_module = -1;  // the module, counted from 1, whose loading the GPU does not survive; -1: none
  int broken_after = -1;  // launches from which on each is an illegal address, in each process; -1: never
  int fast_kernels = 0;   // 1: events tell a thousandth of the time that emulation takes
  std::string cupti = "ok";     // | "refused" | "busy" (another profiler) | "silent" (no records) | "lossy"
  std::string counters = "ok";  // | "refused"
  // The vendor's libraries: "ok" | "old" | "refused" (no handle) | "none" (no algorithm) | "wrong" (every
  // result) | "unwilling" (no algorithm runs) | "faults" (an illegal address) | "quick" (a microsecond, by
  // CUPTI) | "slow" (ten seconds, by CUPTI)
  std::string cublas = "ok";
  std::string cudnn = "ok";
  std::string energy = "ok";    // | "none": NVML has no counter of it
  int throttled_reads = 0;      // how often NVML tells of lowered clocks; -1: always
};

inline std::string image_hash(std::string_view image) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char byte : image) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211u;
  return fmt::format("{:016x}", hash);
}

inline void write_fake_device(const std::string& folder, const FakeDevice& device) {
  std::ofstream out(folder + "/device");
  out << "name " << device.name << "\ncompute_capability " << device.compute_capability << "\nsms "
      << device.sms << "\ntotal_gib " << device.total_gib << "\nmemory_bytes "
      << device.memory_bytes << "\nshared_bytes_optin " << device.shared_bytes_optin
      << "\nclock_khz " << device.clock_khz << "\nl2_bytes " << device.l2_bytes << "\ndevices "
      << device.devices << "\nlost_after " << device.lost_after << "\nlost_at_module "
      << device.lost_at_module << "\nbroken_after " << device.broken_after << "\nfast_kernels "
      << device.fast_kernels << "\ncupti " << device.cupti << "\ncounters " << device.counters << "\ncublas " << device.cublas << "\ncudnn "
      << device.cudnn << "\nenergy " << device.energy << "\nthrottled_reads "
      << device.throttled_reads << "\n";
}

inline void register_image(const std::string& folder, std::string_view image,
                           std::string_view emulated) {
  std::ofstream out(folder + "/" + image_hash(image) + ".emulated", std::ios::binary);
  out.write(emulated.data(), static_cast<std::streamsize>(emulated.size()));
}

}  // namespace perftune
