// Draws the inputs of an exported kernel and compares its outputs with what a float64 evaluation of
// the operator allows. Plain C++17; it goes along with every export, and the exporter draws with it.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace check {

// SplitMix64 (Steele, Lea, Flood 2014).
inline std::uint64_t next(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

// `count` elements of `bytes` each, every one of `choices` stored values (little endian).
inline void draw(unsigned char* to, std::size_t count, std::size_t bytes, const std::uint64_t* values,
                 std::size_t choices, std::uint64_t seed) {
  for (std::size_t i = 0; i < count; ++i)
    std::memcpy(to + i * bytes, &values[next(seed) % choices], bytes);
}

enum class Type { f64, f32, f16, bf16, f8e4m3, f8e5m2, i32, i8, u8 };

// A small float of 1 + `exponent` + `mantissa` bits. `finite`: no infinities, only all ones is NaN.
inline double small_float(unsigned bits, int exponent, int mantissa, bool finite) {
  const int top = (1 << exponent) - 1;
  const int e = static_cast<int>(bits >> mantissa) & top;
  const int m = static_cast<int>(bits) & ((1 << mantissa) - 1);
  const double sign = (bits >> (exponent + mantissa)) & 1 ? -1.0 : 1.0;
  if (e == top && (finite ? m == (1 << mantissa) - 1 : m != 0)) return std::nan("");
  if (e == top && !finite) return sign * HUGE_VAL;
  const int bias = (1 << (exponent - 1)) - 1;
  return e == 0 ? sign * std::ldexp(m, 1 - bias - mantissa)
                : sign * std::ldexp(m + (1 << mantissa), e - bias - mantissa);
}

template <class T>
double plain(const unsigned char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return static_cast<double>(value);
}

inline unsigned bits16(const unsigned char* at) { return static_cast<unsigned>(at[0] | at[1] << 8); }

// The value of element `i`.
inline double decode(Type type, const unsigned char* data, std::size_t i) {
  switch (type) {
    case Type::f64: return plain<double>(data + 8 * i);
    case Type::f32: return plain<float>(data + 4 * i);
    case Type::f16: return small_float(bits16(data + 2 * i), 5, 10, false);
    case Type::bf16: return small_float(bits16(data + 2 * i), 8, 7, false);
    case Type::f8e4m3: return small_float(data[i], 4, 3, true);
    case Type::f8e5m2: return small_float(data[i], 5, 2, false);
    case Type::i32: return plain<std::int32_t>(data + 4 * i);
    case Type::i8: return plain<std::int8_t>(data + i);
    case Type::u8: return data[i];
  }
  return std::nan("");
}

// One element of an output and the range in which rounding may put it.
struct Element {
  long long at;  // flat, row-major
  double low, high;
};

constexpr std::size_t guard_bytes = 64;
constexpr unsigned char poison = 0xFF;  // NaN in every floating type
constexpr unsigned char guard = 0xA5;

// Whether all checked elements are in range, none of the others was left unwritten (NaN), and the
// guard behind the tensor is as it was. Says on stdout what is wrong.
inline bool correct(const char* name, Type type, const unsigned char* data, std::size_t count,
                    std::size_t bytes, const Element* elements, std::size_t checked) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < checked; ++i) {
    const Element& e = elements[i];
    const double value = decode(type, data, static_cast<std::size_t>(e.at));
    const bool fine = std::isnan(e.low) ? std::isnan(value) : value >= e.low && value <= e.high;
    if (!fine && wrong++ == 0)
      std::printf("%s[%lld] = %.9g, should be between %.9g and %.9g\n", name, e.at, value, e.low, e.high);
  }
  std::size_t unwritten = 0;
  if (type != Type::i32 && type != Type::i8 && type != Type::u8)
    for (std::size_t i = 0; i < count; ++i) unwritten += std::isnan(decode(type, data, i)) ? 1 : 0;
  for (std::size_t i = 0; i < checked; ++i) unwritten -= std::isnan(elements[i].low) && unwritten > 0 ? 1 : 0;
  bool beyond = false;
  for (std::size_t i = 0; i < guard_bytes; ++i) beyond = beyond || data[count * bytes + i] != guard;
  if (wrong > 0) std::printf("%s: %zu of %zu checked elements are wrong\n", name, wrong, checked);
  if (unwritten > 0) std::printf("%s: %zu elements are NaN\n", name, unwritten);
  if (beyond) std::printf("%s: written past its end\n", name);
  return wrong == 0 && unwritten == 0 && !beyond;
}

}  // namespace check
