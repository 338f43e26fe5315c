// Content digests: names rows by what they hold, so that merging twice changes nothing.
//
// FNV-1a with 128 bits (draft-eastlake-fnv). It finds accidents (a flipped byte, a duplicate),
// not forgeries: whoever can write a store can also write a matching digest, which is why stores
// from elsewhere are never trusted for their digests.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace perftune {

class Digest {
 public:
  // Each part is followed by its length, so {"ab","c"} and {"a","bc"} differ.
  Digest& add(std::string_view bytes);
  Digest& add(double value);  // by bit pattern
  Digest& add(std::int64_t value);

  std::array<std::byte, 16> bytes() const;  // most significant first
  std::string hex() const;                  // 32 lower-case digits

 private:
  void mix(std::string_view bytes);
  std::uint64_t high_ = 0x6c62272e07bb0142;
  std::uint64_t low_ = 0x62b821756295c58d;
};

}  // namespace perftune
