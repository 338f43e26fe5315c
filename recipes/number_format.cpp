#include "recipes/number_format.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <type_traits>

namespace perftune {
namespace {

// A binary format narrower than float64: sign, exponent, mantissa.
struct Narrow {
  int exponent_bits;
  int mantissa_bits;
  enum class Top { ieee, ieee_saturating, e4m3fn } top;

  constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  constexpr std::uint32_t exponent_mask() const {
    return ((1U << exponent_bits) - 1) << mantissa_bits;
  }
  constexpr std::uint32_t sign_bit() const { return 1U << (exponent_bits + mantissa_bits); }
  // Bits of the largest finite magnitude.
  constexpr std::uint32_t largest() const {
    return top == Top::e4m3fn ? sign_bit() - 2 : exponent_mask() - 1;
  }
  constexpr std::uint32_t nan() const {
    return top == Top::e4m3fn ? sign_bit() - 1 : exponent_mask() | (1U << (mantissa_bits - 1));
  }
  constexpr std::uint32_t overflow() const {
    return top == Top::ieee ? exponent_mask() : largest();
  }
};

constexpr Narrow half{5, 10, Narrow::Top::ieee};
constexpr Narrow brain{8, 7, Narrow::Top::ieee};
constexpr Narrow tensor32{8, 10, Narrow::Top::ieee};
constexpr Narrow e4m3{4, 3, Narrow::Top::e4m3fn};
constexpr Narrow e5m2{5, 2, Narrow::Top::ieee_saturating};

constexpr int double_mantissa_bits = 52;
constexpr int double_bias = 1023;

template <Narrow format>
std::uint32_t narrow(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::uint32_t sign = (bits >> 63) != 0 ? format.sign_bit() : 0;
  const int exponent = static_cast<int>((bits >> double_mantissa_bits) & 0x7ff);
  std::uint64_t mantissa = bits & ((std::uint64_t{1} << double_mantissa_bits) - 1);
  if (exponent == 0x7ff) return sign | (mantissa != 0 ? format.nan() : format.overflow());
  if (exponent == 0) return sign;  // far below the smallest value of every narrow format
  mantissa |= std::uint64_t{1} << double_mantissa_bits;

  int biased = exponent - double_bias + format.bias();
  int drop = double_mantissa_bits - format.mantissa_bits;
  if (biased < 1) {  // subnormal: the implicit bit moves into the mantissa
    drop += 1 - biased;
    biased = 1;
    if (drop > 62) return sign;
  }
  const std::uint64_t tie = std::uint64_t{1} << (drop - 1);
  const std::uint64_t rest = mantissa & ((tie << 1) - 1);
  std::uint64_t kept = mantissa >> drop;
  if (rest > tie || (rest == tie && (kept & 1) != 0)) ++kept;
  // Adding lets a carry out of the mantissa step the exponent.
  const std::uint64_t magnitude =
      (static_cast<std::uint64_t>(biased - 1) << format.mantissa_bits) + kept;
  return sign |
         (magnitude > format.largest() ? format.overflow() : static_cast<std::uint32_t>(magnitude));
}

template <Narrow format>
double widen(std::uint32_t bits) {
  const std::uint32_t magnitude = bits & (format.sign_bit() - 1);
  double value;
  if (format.top == Narrow::Top::e4m3fn ? magnitude == format.nan()
                                        : magnitude > format.exponent_mask()) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (format.top != Narrow::Top::e4m3fn && magnitude == format.exponent_mask()) {
    value = std::numeric_limits<double>::infinity();
  } else {
    const std::uint32_t mantissa = magnitude & ((1U << format.mantissa_bits) - 1);
    const int biased = static_cast<int>(magnitude >> format.mantissa_bits);
    const int scale = (biased == 0 ? 1 : biased) - format.bias() - format.mantissa_bits;
    const std::uint32_t whole = biased == 0 ? mantissa : mantissa | (1U << format.mantissa_bits);
    value = std::ldexp(static_cast<double>(whole), scale);
  }
  return (bits & format.sign_bit()) != 0 ? -value : value;
}

template <class T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void store(T value, std::byte* to) {
  std::memcpy(to, &value, sizeof value);
}

template <class T>
T saturate(double value) {
  if (std::isnan(value)) return 0;
  const double whole = std::nearbyint(value);
  if (whole <= static_cast<double>(std::numeric_limits<T>::min())) {
    return std::numeric_limits<T>::min();
  }
  if (whole >= static_cast<double>(std::numeric_limits<T>::max())) {
    return std::numeric_limits<T>::max();
  }
  return static_cast<T>(whole);
}

// Decoding 8- and 16-bit types by table: ldexp per element would be the cost of a check.
template <Narrow format, std::size_t size>
const std::array<double, size>& table() {
  static const auto values = [] {
    std::array<double, size> filled{};
    for (std::size_t i = 0; i < size; ++i) filled[i] = widen<format>(static_cast<std::uint32_t>(i));
    return filled;
  }();
  return values;
}

template <DType type>
double decode_one(const std::byte* from) {
  if constexpr (type == DType::f64) return load<double>(from);
  if constexpr (type == DType::f32 || type == DType::tf32) return load<float>(from);
  if constexpr (type == DType::f16) return table<half, 65536>()[load<std::uint16_t>(from)];
  if constexpr (type == DType::bf16) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(from)) << 16);
  }
  if constexpr (type == DType::f8e4m3) return table<e4m3, 256>()[load<std::uint8_t>(from)];
  if constexpr (type == DType::f8e5m2) return table<e5m2, 256>()[load<std::uint8_t>(from)];
  if constexpr (type == DType::i32) return load<std::int32_t>(from);
  if constexpr (type == DType::i8) return load<std::int8_t>(from);
  if constexpr (type == DType::u8) return load<std::uint8_t>(from);
  if constexpr (type == DType::boolean) return load<std::uint8_t>(from) != 0 ? 1 : 0;
}

template <DType type>
void encode_one(double value, std::byte* to) {
  if constexpr (type == DType::f64) store(value, to);
  if constexpr (type == DType::f32) store(static_cast<float>(value), to);
  if constexpr (type == DType::tf32) store(narrow<tensor32>(value) << 13, to);
  if constexpr (type == DType::f16) store(static_cast<std::uint16_t>(narrow<half>(value)), to);
  if constexpr (type == DType::bf16) store(static_cast<std::uint16_t>(narrow<brain>(value)), to);
  if constexpr (type == DType::f8e4m3) store(static_cast<std::uint8_t>(narrow<e4m3>(value)), to);
  if constexpr (type == DType::f8e5m2) store(static_cast<std::uint8_t>(narrow<e5m2>(value)), to);
  if constexpr (type == DType::i32) store(saturate<std::int32_t>(value), to);
  if constexpr (type == DType::i8) store(saturate<std::int8_t>(value), to);
  if constexpr (type == DType::u8) store(saturate<std::uint8_t>(value), to);
  if constexpr (type == DType::boolean) store(static_cast<std::uint8_t>(value != 0 ? 1 : 0), to);
}

// Calls `body` with the type as a constant.
template <class Body>
auto dispatch(DType type, Body&& body) {
  switch (type) {
    case DType::f64:
      return body(std::integral_constant<DType, DType::f64>{});
    case DType::f32:
      return body(std::integral_constant<DType, DType::f32>{});
    case DType::tf32:
      return body(std::integral_constant<DType, DType::tf32>{});
    case DType::f16:
      return body(std::integral_constant<DType, DType::f16>{});
    case DType::bf16:
      return body(std::integral_constant<DType, DType::bf16>{});
    case DType::f8e4m3:
      return body(std::integral_constant<DType, DType::f8e4m3>{});
    case DType::f8e5m2:
      return body(std::integral_constant<DType, DType::f8e5m2>{});
    case DType::i32:
      return body(std::integral_constant<DType, DType::i32>{});
    case DType::i8:
      return body(std::integral_constant<DType, DType::i8>{});
    case DType::u8:
      return body(std::integral_constant<DType, DType::u8>{});
    case DType::boolean:
      return body(std::integral_constant<DType, DType::boolean>{});
  }
  std::abort();
}

}  // namespace

double decode(DType type, const std::byte* from) {
  return dispatch(type, [&](auto t) { return decode_one<t()>(from); });
}

void encode(DType type, double value, std::byte* to) {
  dispatch(type, [&](auto t) { encode_one<t()>(value, to); });
}

void decode(DType type, std::span<const std::byte> from, std::span<double> to) {
  decode(type, from.data(), 1, to);
}

void decode(DType type, const std::byte* from, std::int64_t stride, std::span<double> to) {
  const std::int64_t step = stride * static_cast<std::int64_t>(size_bytes(type));
  dispatch(type, [&](auto t) {
    const std::byte* at = from;
    for (double& value : to) {
      value = decode_one<t()>(at);
      at += step;
    }
  });
}

void encode(DType type, std::span<const double> from, std::span<std::byte> to) {
  const std::size_t width = size_bytes(type);
  dispatch(type, [&](auto t) {
    for (std::size_t i = 0; i < from.size(); ++i) encode_one<t()>(from[i], to.data() + i * width);
  });
}

double round_to(DType type, double value) {
  std::array<std::byte, 8> stored{};
  encode(type, value, stored.data());
  return decode(type, stored.data());
}

double largest(DType type) {
  switch (type) {
    case DType::f64:
      return std::numeric_limits<double>::max();
    case DType::f32:
      return std::numeric_limits<float>::max();
    case DType::tf32:
      return std::bit_cast<float>(tensor32.largest() << 13);
    case DType::f16:
      return widen<half>(half.largest());
    case DType::bf16:
      return widen<brain>(brain.largest());
    case DType::f8e4m3:
      return widen<e4m3>(e4m3.largest());
    case DType::f8e5m2:
      return widen<e5m2>(e5m2.largest());
    case DType::i32:
      return std::numeric_limits<std::int32_t>::max();
    case DType::i8:
      return std::numeric_limits<std::int8_t>::max();
    case DType::u8:
      return std::numeric_limits<std::uint8_t>::max();
    case DType::boolean:
      return 1;
  }
  std::abort();
}

}  // namespace perftune
