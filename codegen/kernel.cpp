#include "codegen/kernel.hpp"

#include <cstdio>
#include <string_view>

namespace perftune {
namespace {

// FNV-1a, 64 bit: an identity, not a defence; stores keep a SHA-256 of the source beside it.
std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (hash ^ 0xff) * 0x100000001b3ULL;  // a separator, so that texts do not run together
}

}  // namespace

std::string Kernel::id() const {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::string& text : {program.text(), entry, source}) hash = mix(hash, text);
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

}  // namespace perftune
