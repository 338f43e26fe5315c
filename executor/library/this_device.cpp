#include "executor/library/this_device.hpp"

#include "executor/cpu_identity.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/plain_text.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

Hardware read(const StoredDevice& device) {
  return read_hardware(parse_plain(device.description, "the store's description of " + device.name));
}

// What launches and legality ask of a device, as the driver says; peaks and bandwidths stay the row's.
void describe_here(const PresentGpu& gpu, Hardware& hardware) {
  hardware.compute_capability = gpu.compute_capability;
  hardware.arch = "sm_" + std::to_string(gpu.compute_capability);
  hardware.sms = gpu.sms;
  hardware.dram_gib = gpu.memory_gib;
  hardware.sm.shared_bytes_reserved = gpu.compute_capability >= 80 ? 1024 : 0;
  hardware.sm.shared_bytes_optin = gpu.shared_bytes_optin;
  hardware.sm.shared_bytes = gpu.shared_bytes_optin + hardware.sm.shared_bytes_reserved;
}

std::string listed(const std::vector<StoredDevice>& devices) {
  std::string text;
  for (const StoredDevice& device : devices)
    text += words("{}{} ({}, {})", text.empty() ? "" : ", ", device.name, device.vendor_name, device.arch);
  return text.empty() ? "no device" : text;
}

}  // namespace

std::optional<ThisDevice> find_this_cpu(const std::vector<StoredDevice>& devices, int cores, std::string& why_not) {
  const CpuIsa isa = detect_cpu_isa();
  const std::string brand = cpu_brand();
  const StoredDevice* best = nullptr;
  int best_score = -1;
  for (const StoredDevice& device : devices) {
    if (device.kind != "cpu") continue;
    const bool runs = device.arch == name(isa) || (isa == CpuIsa::avx512 && device.arch == "avx2");
    if (!runs) continue;
    const int score = (device.vendor_name == brand ? 4 : 0) + (device.units == cores ? 2 : 0) + (device.arch == name(isa) ? 1 : 0);
    if (score >= best_score) {  // of equals the later row
      best = &device;
      best_score = score;
    }
  }
  if (best == nullptr) {
    why_not = words("nothing in the store was tuned for a CPU like this one ({}, {}); it knows {}", brand, name(isa),
                          listed(devices));
    return std::nullopt;
  }
  ThisDevice found;
  found.id = best->id;
  found.hardware = read(*best);
  found.same_model = best->vendor_name == brand && best->arch == name(isa);
  return found;
}

std::optional<ThisDevice> find_this_gpu(const std::vector<StoredDevice>& devices, const PresentGpu& gpu,
                                        std::string& why_not) {
  std::optional<ThisDevice> fits, other;
  const auto nearer = [&](int capability) {
    if (!other) return true;
    const int best = other->hardware.compute_capability;
    const bool below = capability <= gpu.compute_capability, best_below = best <= gpu.compute_capability;
    return below != best_below ? below : below ? capability > best : capability < best;
  };
  for (const StoredDevice& device : devices) {
    if (device.kind != "gpu" || device.description.empty()) continue;
    Hardware hardware = read(device);
    if (is_present(hardware, gpu)) return ThisDevice{device.id, std::move(hardware), true};
    const bool runs = hardware.compute_capability / 10 == gpu.compute_capability / 10 &&
                      hardware.compute_capability <= gpu.compute_capability &&
                      (!device.arch.ends_with('a') || hardware.compute_capability == gpu.compute_capability);
    if (runs) fits = ThisDevice{device.id, std::move(hardware), false};
    else if (nearer(hardware.compute_capability)) other = ThisDevice{device.id, std::move(hardware), false, true};
  }
  if (!fits && other) {
    describe_here(gpu, other->hardware);
    return other;
  }
  if (!fits)
    why_not = words("nothing in the store was tuned for a GPU like this one ({}, sm_{}); it knows {}", gpu.name,
                          gpu.compute_capability, listed(devices));
  return fits;
}

}  // namespace perftune
