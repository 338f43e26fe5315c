#include "db/digest.hpp"

#include <bit>
#include <cstddef>

namespace perftune {

namespace {
__extension__ using Wide = unsigned __int128;
}

void Digest::mix(std::string_view bytes) {
  constexpr Wide prime = (Wide{1} << 88) | 0x13b;
  Wide state = (Wide{high_} << 64) | low_;
  for (const char c : bytes) state = (state ^ static_cast<unsigned char>(c)) * prime;
  high_ = static_cast<std::uint64_t>(state >> 64);
  low_ = static_cast<std::uint64_t>(state);
}

Digest& Digest::add(std::string_view bytes) {
  mix(bytes);
  return add(static_cast<std::int64_t>(bytes.size()));
}

Digest& Digest::add(double value) { return add(std::bit_cast<std::int64_t>(value)); }

Digest& Digest::add(std::int64_t value) {
  std::array<char, 8> little_endian;
  for (std::size_t i = 0; i < 8; ++i) {
    little_endian[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
  mix({little_endian.data(), little_endian.size()});
  return *this;
}

std::array<std::byte, 16> Digest::bytes() const {
  std::array<std::byte, 16> out;
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] = static_cast<std::byte>(high_ >> (56 - 8 * i));
    out[8 + i] = static_cast<std::byte>(low_ >> (56 - 8 * i));
  }
  return out;
}

std::string Digest::hex() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes()) {
    text += digits[std::to_integer<unsigned>(b) >> 4];
    text += digits[std::to_integer<unsigned>(b) & 15U];
  }
  return text;
}

}  // namespace perftune
