#include "codegen/version.hpp"

#include <cstdint>
#include <cstdio>

#include "codegen/cpu/headers.hpp"
#include "codegen/cuda/headers.hpp"

namespace perftune {
namespace {

constexpr int kEmitters = 4;

std::uint32_t mix(std::uint32_t hash, const std::vector<DeviceHeader>& headers) {
  for (const auto& header : headers)
    for (const char c : header.name + header.text)
      hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;  // FNV-1a
  return hash;
}

}  // namespace

std::string codegen_version() {
  static const std::uint32_t headers = mix(mix(2166136261U, cuda_device_headers()), cpu_device_headers());
  char text[24];
  std::snprintf(text, sizeof text, "%d-%08x", kEmitters, headers);
  return text;
}

}  // namespace perftune
