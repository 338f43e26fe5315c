// Storage types that are not arithmetic ones, and their conversion to and from float.
//
// to_value<T>(x) widens exactly; from_value<D>(x) rounds to nearest even (integers and the 8-bit
// floats saturate), as recipes/number_format.hpp defines. Branch-free where the compiler can then
// vectorise the loops that pack operands.
#pragma once

#include "simd.hpp"

namespace pt {

using f64 = double;
using f32 = float;
using i32 = int;
using i8 = signed char;
using u8 = unsigned char;
struct f16 { unsigned short bits; };
struct bf16 { unsigned short bits; };
struct f8e4m3 { unsigned char bits; };
struct f8e5m2 { unsigned char bits; };
struct tf32 { float value; };
struct boolean { unsigned char value; };

inline unsigned bits_of(float x) { return __builtin_bit_cast(unsigned, x); }
inline float float_of(unsigned bits) { return __builtin_bit_cast(float, bits); }

// A small float of `E` exponent and `M` mantissa bits, widened: shift into place, then multiply by
// the power of two between the exponent biases, which also normalises subnormals.
template <int E, int M>
inline float widen(unsigned bits) {
  constexpr int bias = (1 << (E - 1)) - 1;
  const unsigned sign = (bits >> (E + M)) << 31;
  const unsigned body = (bits & ((1u << (E + M)) - 1)) << (23 - M);
  const float scaled = float_of(body) * float_of(static_cast<unsigned>(127 + 127 - bias) << 23);
  const unsigned special = (body | 0x7f800000u);
  const bool is_special = body >= (((1u << E) - 1) << 23);
  return float_of(sign | (is_special ? special : bits_of(scaled)));
}

// The inverse, to nearest even. Adding 2^p with p chosen by the exponent rounds subnormals.
template <int E, int M>
inline unsigned narrow(float x) {
  constexpr int bias = (1 << (E - 1)) - 1;
  constexpr unsigned infinity = ((1u << E) - 1) << M;
  const unsigned sign = bits_of(x) >> 31 << (E + M);
  const unsigned magnitude = bits_of(x) & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return sign | infinity | (1u << (M - 1));
  constexpr unsigned smallest_normal = static_cast<unsigned>(127 - bias + 1) << 23;
  if (magnitude < smallest_normal) {
    constexpr unsigned magic = static_cast<unsigned>(127 - bias + 1 + 23 - M) << 23;
    return sign | (bits_of(float_of(magnitude) + float_of(magic)) - magic);
  }
  const unsigned odd = (magnitude >> (23 - M)) & 1;
  const unsigned rounded =
      (magnitude + ((1u << (22 - M)) - 1) + odd - (static_cast<unsigned>(127 - bias) << 23)) >>
      (23 - M);
  return sign | (rounded > infinity ? infinity : rounded);
}

template <class T, class D>
inline T to_value(D x) {
  return static_cast<T>(x);
}
template <class T>
inline T to_value(f16 x) { return static_cast<T>(widen<5, 10>(x.bits)); }
template <class T>
inline T to_value(bf16 x) {
  return static_cast<T>(float_of(static_cast<unsigned>(x.bits) << 16));
}
template <class T>
inline T to_value(f8e5m2 x) { return static_cast<T>(widen<5, 2>(x.bits)); }
template <class T>
inline T to_value(f8e4m3 x) {  // no infinity; all ones is NaN, and exponent 15 is ordinary
  if ((x.bits & 0x7f) == 0x7f) return static_cast<T>(float_of(0x7fc00000u));
  const unsigned body = static_cast<unsigned>(x.bits & 0x7f) << 20;
  const float value = float_of(body) * 0x1p120f;
  return static_cast<T>(float_of(bits_of(value) | static_cast<unsigned>(x.bits >> 7) << 31));
}
template <class T>
inline T to_value(tf32 x) { return static_cast<T>(x.value); }
template <class T>
inline T to_value(boolean x) { return static_cast<T>(x.value != 0); }

// Nearest even, into [low, high]; NaN becomes 0.
template <class D, class T>
inline D to_integer(T x, T low, T high) {
  if (!(x == x)) return 0;
  if (x <= low) return static_cast<D>(low);
  if (x >= high) return static_cast<D>(high);
  return static_cast<D>(__builtin_rint(static_cast<double>(x)));
}

// To float on the way to something narrower: what a double loses is kept in the last bit (rounding to
// odd), so that the second rounding decides as if it were the only one.
inline float before_rounding(float x) { return x; }
template <class T>
inline float before_rounding(T x) {
  const float near = static_cast<float>(x);
  const T back = static_cast<T>(near);
  if (back == x || x != x) return near;
  const unsigned truncated = bits_of(near) - ((x > 0 ? back > x : back < x) ? 1u : 0u);
  return float_of(truncated | 1u);
}

template <class D>
struct From;
template <> struct From<f64> { template <class T> static f64 value(T x) { return static_cast<f64>(x); } };
template <> struct From<f32> { template <class T> static f32 value(T x) { return static_cast<f32>(x); } };
template <> struct From<f16> {
  template <class T> static f16 value(T x) {
    return {static_cast<unsigned short>(narrow<5, 10>(before_rounding(x)))};
  }
};
template <> struct From<bf16> {
  template <class T> static bf16 value(T x) {
    const unsigned b = bits_of(before_rounding(x));
    if ((b & 0x7fffffffu) > 0x7f800000u) return {static_cast<unsigned short>(b >> 16 | 0x40)};
    return {static_cast<unsigned short>((b + 0x7fff + (b >> 16 & 1)) >> 16)};
  }
};
template <> struct From<tf32> {
  template <class T> static tf32 value(T x) {
    const unsigned b = bits_of(before_rounding(x));
    if ((b & 0x7f800000u) == 0x7f800000u) return {float_of(b)};
    return {float_of((b + 0xfff + (b >> 13 & 1)) & ~0x1fffu)};
  }
};
template <> struct From<f8e5m2> {
  template <class T> static f8e5m2 value(T x) {
    const float y = before_rounding(x);
    const float clamped = y > 57344.0f ? 57344.0f : y < -57344.0f ? -57344.0f : y;
    return {static_cast<unsigned char>(narrow<5, 2>(clamped))};
  }
};
template <> struct From<f8e4m3> {
  template <class T> static f8e4m3 value(T x) {
    const float y = before_rounding(x);
    const unsigned sign = bits_of(y) >> 31 << 7;
    if (!(y == y)) return {static_cast<unsigned char>(sign | 0x7f)};
    const float magnitude = float_of(bits_of(y) & 0x7fffffffu);
    if (magnitude >= 448.0f) return {static_cast<unsigned char>(sign | 0x7e)};
    // One exponent more than an IEEE format of this size: round at half the value, then undo.
    const unsigned small = narrow<5, 3>(magnitude);
    const unsigned body = magnitude < 0x1p-6f
                              ? bits_of(magnitude + 0x1p14f) - bits_of(0x1p14f)
                              : small - (8u << 3);
    return {static_cast<unsigned char>(sign | body)};
  }
};
template <> struct From<i32> {
  template <class T> static i32 value(T x) {
    return to_integer<i32, double>(static_cast<double>(x), -2147483648.0, 2147483647.0);
  }
  static i32 value(int x) { return x; }
};
template <> struct From<i8> {
  template <class T> static i8 value(T x) {
    return to_integer<i8, double>(static_cast<double>(x), -128.0, 127.0);
  }
};
template <> struct From<u8> {
  template <class T> static u8 value(T x) {
    return to_integer<u8, double>(static_cast<double>(x), 0.0, 255.0);
  }
};
template <> struct From<boolean> {
  template <class T> static boolean value(T x) { return {static_cast<unsigned char>(x != 0)}; }
};
template <class D, class T>
inline D from_value(T x) { return From<D>::value(x); }

}  // namespace pt
