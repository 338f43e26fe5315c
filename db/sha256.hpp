// SHA-256 (FIPS 180-4), where a match has to hold against who would forge one: the schema of a store from
// elsewhere. Identities of our own rows stay with Digest (digest.hpp), which is shorter and finds accidents.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace perftune {

class Sha256 {
 public:
  using Value = std::array<std::uint8_t, 32>;

  void add(std::string_view bytes);
  // Of all that was added; nothing may be added afterwards.
  Value finish();

 private:
  void block();

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> block_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace perftune
