// The emulator's "perftune/arithmetic.cuh": results equal to the device's, bit for bit, for all
// but the elementary functions, which both sides give to a few ulp.
//
// Conversions are written on the bits, so they depend neither on the host's rounding of 16-bit
// types nor on its compiler having them (PTX ISA 9.7.9.22: cvt.rn, .satfinite, .rna, .rni).
#pragma once

namespace pt {

PT_DEVICE f32 fma(f32 a, f32 b, f32 c) { return __builtin_fmaf(a, b, c); }
PT_DEVICE f64 fma(f64 a, f64 b, f64 c) { return __builtin_fma(a, b, c); }
PT_DEVICE i32 fma(i32 a, i32 b, i32 c) {  // wraps, as registers do
  return static_cast<i32>(static_cast<u32>(a) * static_cast<u32>(b) + static_cast<u32>(c));
}
template <class A, class B>
PT_DEVICE i32 dot4_of(const A& a, const B& b, i32 c) {
  u32 sum = static_cast<u32>(c);
  for (int i = 0; i < 4; ++i)
    sum += static_cast<u32>(static_cast<i32>(a[i]) * static_cast<i32>(b[i]));
  return static_cast<i32>(sum);
}
PT_DEVICE i32 dot4(Vec<i8, 4> a, Vec<i8, 4> b, i32 c) { return dot4_of(a, b, c); }
PT_DEVICE i32 dot4(Vec<u8, 4> a, Vec<u8, 4> b, i32 c) { return dot4_of(a, b, c); }
PT_DEVICE i32 dot4(Vec<u8, 4> a, Vec<i8, 4> b, i32 c) { return dot4_of(a, b, c); }
PT_DEVICE i32 dot4(Vec<i8, 4> a, Vec<u8, 4> b, i32 c) { return dot4_of(a, b, c); }
PT_DEVICE u32 permute_bytes(u32 a, u32 b, u32 selector) {
  const u64 both = static_cast<u64>(b) << 32 | a;
  u32 result = 0;
  for (int i = 0; i < 4; ++i)
    result |= static_cast<u32>(both >> (selector >> 4 * i & 7) * 8 & 0xff) << 8 * i;
  return result;
}

// ---- To f32 and f64 ----

PT_DEVICE f32 to_f32(f32 x) { return x; }
PT_DEVICE f32 to_f32(f64 x) { return static_cast<f32>(x); }
PT_DEVICE f32 to_f32(i32 x) { return static_cast<f32>(x); }
PT_DEVICE f32 to_f32(i8 x) { return static_cast<f32>(x); }
PT_DEVICE f32 to_f32(u8 x) { return static_cast<f32>(x); }
PT_DEVICE f32 to_f32(boolean x) { return static_cast<f32>(x.bits); }
PT_DEVICE f32 to_f32(tf32 x) { return bit_cast<f32>(x.bits); }
PT_DEVICE f32 to_f32(f16 x) {
  // Exponent and mantissa in f32's places are 2^112 too small, subnormal numbers included.
  const u32 magnitude = static_cast<u32>(x.bits & 0x7fffu) << 13;
  const u32 sign = static_cast<u32>(x.bits & 0x8000u) << 16;
  if (magnitude >= 0x7c00u << 13)
    return bit_cast<f32>(sign | 0x7f800000u | (magnitude & 0x7fffffu));
  return bit_cast<f32>(sign | bit_cast<u32>(bit_cast<f32>(magnitude) * 0x1p112f));
}
PT_DEVICE f32 to_f32(bf16 x) { return bit_cast<f32>(static_cast<u32>(x.bits) << 16); }
PT_DEVICE f32 to_f32(f8e5m2 x) { return to_f32(f16{static_cast<u16>(x.bits << 8)}); }
PT_DEVICE f32 to_f32(f8e4m3 x) {
  const u16 moved = static_cast<u16>((x.bits & 0x80) << 8 | (x.bits & 0x7f) << 7);
  return (x.bits & 0x7f) == 0x7f ? bit_cast<f32>(0x7fffffffu) : to_f32(f16{moved}) * 256.0f;
}
template <class T>
PT_DEVICE f64 to_f64(T x) {
  return static_cast<f64>(to_f32(x));
}
PT_DEVICE f64 to_f64(f64 x) { return x; }
PT_DEVICE f64 to_f64(i32 x) { return static_cast<f64>(x); }
PT_DEVICE i32 to_i32(i8 x) { return x; }
PT_DEVICE i32 to_i32(u8 x) { return x; }
PT_DEVICE i32 to_i32(i32 x) { return x; }
PT_DEVICE i32 to_i32(boolean x) { return x.bits; }
PT_DEVICE i32 to_i32(f64 x) {
  if (x != x) return 0;
  const f64 rounded = __builtin_nearbyint(x);  // to even: the default mode, never changed here
  if (rounded >= 2147483648.0) return 2147483647;
  return rounded <= -2147483648.0 ? -2147483647 - 1 : static_cast<i32>(rounded);
}
PT_DEVICE i32 to_i32(f32 x) { return to_i32(static_cast<f64>(x)); }

// ---- From f32 ----

// The top bits of x rounded to nearest even at a step of 2^(exponent of x - mantissa bits), or at
// `smallest` (the format's least positive number) where that is larger. Exact: adding and
// subtracting a power of two leaves f64 to round.
PT_DEVICE f32 round_to_format(f32 x, int mantissa_bits, f64 smallest) {
  const u32 exponent = bit_cast<u32>(x) >> 23 & 0xff;
  const f64 scale = bit_cast<f64>((static_cast<u64>(exponent) + 1023 - 127 - mantissa_bits) << 52);
  const f64 step = scale > smallest ? scale : smallest;
  return static_cast<f32>(__builtin_nearbyint(static_cast<f64>(x) / step) * step);
}
PT_DEVICE f16 to_f16(f32 x) {
  const u32 bits = bit_cast<u32>(x);
  const u16 sign = static_cast<u16>(bits >> 16 & 0x8000u);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return f16{0x7fff};  // cvt gives the canonical NaN
  const f32 rounded = round_to_format(__builtin_fabsf(x), 10, 0x1p-24);
  if (rounded >= 65536.0f) return f16{static_cast<u16>(sign | 0x7c00u)};
  return f16{static_cast<u16>(sign | bit_cast<u32>(rounded * 0x1p-112f) >> 13)};
}
PT_DEVICE bf16 to_bf16(f32 x) {
  const u32 b = bit_cast<u32>(x);
  if ((b & 0x7fffffffu) > 0x7f800000u) return bf16{0x7fff};
  return bf16{static_cast<u16>((b + 0x7fffu + (b >> 16 & 1u)) >> 16)};
}
#if PT_ARCH >= 890
PT_DEVICE f8e4m3 to_f8e4m3(f32 x) {
  const u8 sign = static_cast<u8>(bit_cast<u32>(x) >> 24 & 0x80u);
  if (x != x) return f8e4m3{0x7f};
  const f32 rounded = round_to_format(__builtin_fabsf(x), 3, 0x1p-9);
  if (!(rounded < 448.0f)) return f8e4m3{static_cast<u8>(sign | 0x7eu)};
  return f8e4m3{static_cast<u8>(sign | bit_cast<u32>(rounded * 0x1p-120f) >> 20)};
}
PT_DEVICE f8e5m2 to_f8e5m2(f32 x) {
  const u8 sign = static_cast<u8>(bit_cast<u32>(x) >> 24 & 0x80u);
  if (x != x) return f8e5m2{0x7f};
  const f32 rounded = round_to_format(__builtin_fabsf(x), 2, 0x1p-16);
  if (!(rounded < 57344.0f)) return f8e5m2{static_cast<u8>(sign | 0x7bu)};
  return f8e5m2{static_cast<u8>(sign | bit_cast<u32>(rounded * 0x1p-112f) >> 21)};
}
#endif
#if PT_ARCH >= 800
PT_DEVICE tf32 to_tf32(f32 x) {
  const u32 b = bit_cast<u32>(x);
  if ((b & 0x7f800000u) == 0x7f800000u) return tf32{x != x ? 0x7fffffffu : b};
  return tf32{(b + 0x1000u) & 0xffffe000u};
}
#endif

// ---- Elementary functions ----

PT_DEVICE f32 exp(f32 x) { return __builtin_expf(x); }
PT_DEVICE f64 exp(f64 x) { return __builtin_exp(x); }
PT_DEVICE f32 log(f32 x) { return __builtin_logf(x); }
PT_DEVICE f64 log(f64 x) { return __builtin_log(x); }
PT_DEVICE f32 sqrt(f32 x) { return __builtin_sqrtf(x); }
PT_DEVICE f64 sqrt(f64 x) { return __builtin_sqrt(x); }
PT_DEVICE f32 rsqrt(f32 x) { return 1.0f / __builtin_sqrtf(x); }
PT_DEVICE f64 rsqrt(f64 x) { return 1.0 / __builtin_sqrt(x); }
PT_DEVICE f32 tanh(f32 x) { return __builtin_tanhf(x); }
PT_DEVICE f64 tanh(f64 x) { return __builtin_tanh(x); }
PT_DEVICE f32 erf(f32 x) { return __builtin_erff(x); }
PT_DEVICE f64 erf(f64 x) { return __builtin_erf(x); }
PT_DEVICE f32 pow(f32 x, f32 y) { return __builtin_powf(x, y); }
PT_DEVICE f64 pow(f64 x, f64 y) { return __builtin_pow(x, y); }
PT_DEVICE f32 abs(f32 x) { return __builtin_fabsf(x); }
PT_DEVICE f64 abs(f64 x) { return __builtin_fabs(x); }

}  // namespace pt
