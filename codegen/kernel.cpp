#include "codegen/kernel.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "codegen/cpu/headers.hpp"
#include "codegen/cuda/headers.hpp"

namespace perftune {
namespace {

// FNV-1a, 64 bit: an identity, not a defence; stores keep a SHA-256 of the source beside it.
std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (hash ^ 0xff) * 0x100000001b3ULL;  // a separator, so that texts do not run together
}

// Every header of the language: what a source includes is part of what it computes.
std::uint64_t digest(const std::vector<DeviceHeader>& headers) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const DeviceHeader& header : headers) hash = mix(mix(hash, header.name), header.text);
  return hash;
}

std::uint64_t header_digest(Kernel::Language language) {
  static const std::uint64_t cuda = digest(cuda_device_headers());
  static const std::uint64_t cpu = digest(cpu_device_headers());
  return language == Kernel::Language::cuda ? cuda : cpu;
}

}  // namespace

Launch with_turns(Launch launch) {
  if (!launch.persistent) return launch;
  const std::int64_t clusters = launch.grid[0] / launch.cluster[0];
  launch.grid[0] = std::max<std::int64_t>(1, clusters / 2) * launch.cluster[0];
  return launch;
}

std::string Kernel::id() const {
  std::uint64_t hash = header_digest(language);
  for (const std::string& text : {program.text(), entry, source}) hash = mix(hash, text);
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

}  // namespace perftune
