#include "executor/gpu_detect.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <sstream>

#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune {
namespace {

// Drivers report what is left after ECC and reservations; boards of one chip differ by more.
constexpr double kMemoryTolerance = 0.2;

void check(const cuda::Driver& driver, cuda::Result result, const char* doing) {
  if (result == 0) return;
  throw Error(ErrorKind::unavailable,
              words("{} failed: {}", doing, driver.error_text(result)));
}

// Words of "NVIDIA A100-SXM4-80GB": the catalogue and the driver order and separate them alike.
std::set<std::string> words_of(std::string name) {
  std::ranges::replace(name, '-', ' ');
  std::istringstream in(name);
  std::set<std::string> result;
  for (std::string word; in >> word;) result.insert(word);
  return result;
}

std::size_t shared_words(const std::string& a, const std::string& b) {
  const std::set<std::string> of_a = words_of(a);
  const std::set<std::string> of_b = words_of(b);
  return static_cast<std::size_t>(
      std::ranges::count_if(of_a, [&](const std::string& word) { return of_b.contains(word); }));
}

std::string uuid_text(const std::array<unsigned char, 16>& uuid) {
  std::string text = "GPU-";
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += hex_byte(uuid[i]);
  }
  return text;
}

}  // namespace

std::vector<PresentGpu> present_gpus(const cuda::Driver& driver) {
  int count = 0;
  check(driver, driver.device_count(&count), "counting GPUs");
  std::vector<PresentGpu> gpus;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    cuda::DeviceNumber number = 0;
    check(driver, driver.device_get(&number, ordinal), "finding a GPU");
    const auto attribute = [&](cuda::Attribute which) {
      int value = 0;
      check(driver, driver.device_attribute(&value, which, number), "asking a GPU");
      return value;
    };
    PresentGpu gpu;
    gpu.ordinal = ordinal;
    std::array<char, 256> name{};
    check(driver, driver.device_name(name.data(), static_cast<int>(name.size()) - 1, number),
          "naming a GPU");
    gpu.name = name.data();
    std::array<unsigned char, 16> uuid{};
    if (driver.device_uuid != nullptr && driver.device_uuid(&uuid, number) == 0) {
      gpu.uuid = uuid_text(uuid);
    }
    std::size_t bytes = 0;
    check(driver, driver.device_memory(&bytes, number), "asking a GPU");
    gpu.memory_gib = static_cast<double>(bytes) / (1 << 30);
    gpu.compute_capability =
        10 * attribute(cuda::Attribute::compute_major) + attribute(cuda::Attribute::compute_minor);
    gpu.sms = attribute(cuda::Attribute::multiprocessors);
    gpu.clock_ghz = attribute(cuda::Attribute::clock_khz) * 1e-6;
    gpu.l2_mib = attribute(cuda::Attribute::l2_bytes) / double(1 << 20);
    gpu.shared_bytes_optin = attribute(cuda::Attribute::shared_bytes_optin);
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

bool is_present(const Hardware& hardware, const PresentGpu& gpu) {
  return hardware.kind == Hardware::Kind::gpu &&
         hardware.compute_capability == gpu.compute_capability && hardware.sms == gpu.sms &&
         std::abs(hardware.dram_gib - gpu.memory_gib) < kMemoryTolerance * hardware.dram_gib;
}

std::optional<Hardware> hardware_of(const PresentGpu& gpu, const std::vector<Hardware>& catalogue) {
  const Hardware* best = nullptr;
  std::size_t best_words = 0;
  for (const Hardware& hardware : catalogue) {
    if (!is_present(hardware, gpu)) continue;
    const std::size_t same = shared_words(hardware.vendor_name, gpu.name);
    if (best == nullptr || same > best_words) {
      best = &hardware;
      best_words = same;
    }
  }
  if (best == nullptr) return std::nullopt;
  Hardware hardware = *best;
  hardware.boost_ghz = std::max(hardware.boost_ghz, gpu.clock_ghz);
  hardware.dram_gib = gpu.memory_gib;
  return hardware;
}

}  // namespace perftune
