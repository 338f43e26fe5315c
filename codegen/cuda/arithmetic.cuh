// Arithmetic of device code: multiply-add, packed products, conversions, elementary functions.
//
// Included by ptx.cuh, and like it implemented a second time by the emulator. f32 functions are
// accurate to a few ulp (no fast-math flag is used); conversions to narrower types round to
// nearest even, and those to 8 bits saturate. Sections (§) are those of "PTX ISA 9.0".
#pragma once

namespace pt {

// One rounding (§9.7.3.6 fma.rn).
PT_DEVICE f32 fma(f32 a, f32 b, f32 c) { return __fmaf_rn(a, b, c); }
PT_DEVICE f64 fma(f64 a, f64 b, f64 c) { return __fma_rn(a, b, c); }
PT_DEVICE i32 fma(i32 a, i32 b, i32 c) { return a * b + c; }
// c + the dot product of four signed or unsigned bytes (§9.7.1.24 dp4a).
PT_DEVICE i32 dot4(Vec<i8, 4> a, Vec<i8, 4> b, i32 c) {
  asm("dp4a.s32.s32 %0, %1, %2, %0;" : "+r"(c) : "r"(bit_cast<u32>(a)), "r"(bit_cast<u32>(b)));
  return c;
}
PT_DEVICE i32 dot4(Vec<u8, 4> a, Vec<u8, 4> b, i32 c) {
  asm("dp4a.u32.u32 %0, %1, %2, %0;" : "+r"(c) : "r"(bit_cast<u32>(a)), "r"(bit_cast<u32>(b)));
  return c;
}
PT_DEVICE i32 dot4(Vec<u8, 4> a, Vec<i8, 4> b, i32 c) {
  asm("dp4a.u32.s32 %0, %1, %2, %0;" : "+r"(c) : "r"(bit_cast<u32>(a)), "r"(bit_cast<u32>(b)));
  return c;
}
PT_DEVICE i32 dot4(Vec<i8, 4> a, Vec<u8, 4> b, i32 c) { return dot4(b, a, c); }
// Bytes of {a, b} (0-3 of a, 4-7 of b) picked by the selector's nibbles (§9.7.8.7 prmt.b32).
PT_DEVICE u32 permute_bytes(u32 a, u32 b, u32 selector) { return __byte_perm(a, b, selector); }

// ---- To f32 and f64: exact (§9.7.9.22 cvt) ----

PT_DEVICE f32 to_f32(f32 x) { return x; }
PT_DEVICE f32 to_f32(f64 x) { return static_cast<f32>(x); }
PT_DEVICE f32 to_f32(i32 x) { return static_cast<f32>(x); }
PT_DEVICE f32 to_f32(i8 x) { return static_cast<f32>(x); }
PT_DEVICE f32 to_f32(u8 x) { return static_cast<f32>(x); }
PT_DEVICE f32 to_f32(boolean x) { return static_cast<f32>(x.bits); }
PT_DEVICE f32 to_f32(tf32 x) { return bit_cast<f32>(x.bits); }
PT_DEVICE f32 to_f32(f16 x) {
  f32 y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
  return y;
}
PT_DEVICE f32 to_f32(bf16 x) { return bit_cast<f32>(static_cast<u32>(x.bits) << 16); }
PT_DEVICE f32 to_f32(f8e5m2 x) { return to_f32(f16{static_cast<u16>(x.bits << 8)}); }
PT_DEVICE f32 to_f32(f8e4m3 x) {
#if PT_ARCH >= 890
  u32 pair;
  asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(pair) : "h"(static_cast<u16>(x.bits)));
  return to_f32(f16{static_cast<u16>(pair)});
#else
  // Exponent and mantissa moved to f16's places are 2^8 too small; 0x7f alone is NaN.
  const u16 moved = static_cast<u16>((x.bits & 0x80) << 8 | (x.bits & 0x7f) << 7);
  return (x.bits & 0x7f) == 0x7f ? bit_cast<f32>(0x7fffffffu) : to_f32(f16{moved}) * 256.0f;
#endif
}
template <class T>
PT_DEVICE f64 to_f64(T x) { return static_cast<f64>(to_f32(x)); }
PT_DEVICE f64 to_f64(f64 x) { return x; }
PT_DEVICE f64 to_f64(i32 x) { return static_cast<f64>(x); }
PT_DEVICE i32 to_i32(i8 x) { return x; }
PT_DEVICE i32 to_i32(u8 x) { return x; }
PT_DEVICE i32 to_i32(i32 x) { return x; }
PT_DEVICE i32 to_i32(boolean x) { return x.bits; }
// Round to nearest even, saturate; NaN gives 0 (§9.7.9.22 cvt.rni).
PT_DEVICE i32 to_i32(f32 x) { return __float2int_rn(x); }
PT_DEVICE i32 to_i32(f64 x) { return __double2int_rn(x); }

// ---- From f32: round to nearest even ----

PT_DEVICE f16 to_f16(f32 x) {
  f16 y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
}
PT_DEVICE bf16 to_bf16(f32 x) {
#if PT_ARCH >= 800
  bf16 y;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
  return y;
#else
  const u32 b = bit_cast<u32>(x);
  if ((b & 0x7fffffffu) > 0x7f800000u) return bf16{0x7fff};
  return bf16{static_cast<u16>((b + 0x7fffu + (b >> 16 & 1u)) >> 16)};
#endif
}
// Finite overflow saturates to the largest finite value (§9.7.9.22 cvt.rn.satfinite); sm_89+.
#if PT_ARCH >= 890
PT_DEVICE f8e4m3 to_f8e4m3(f32 x) {
  u16 pair;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(0.0f), "f"(x));
  return f8e4m3{static_cast<u8>(pair)};
}
PT_DEVICE f8e5m2 to_f8e5m2(f32 x) {
  u16 pair;
  asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(0.0f), "f"(x));
  return f8e5m2{static_cast<u8>(pair)};
}
#endif
// To nearest, ties away from zero (cvt.rna.tf32.f32); sm_80+.
#if PT_ARCH >= 800
PT_DEVICE tf32 to_tf32(f32 x) {
  tf32 y;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y.bits) : "f"(x));
  return y;
}
#endif

// ---- Elementary functions (CUDA C++ Programming Guide, "Mathematical Functions") ----

PT_DEVICE f32 exp(f32 x) { return ::expf(x); }
PT_DEVICE f64 exp(f64 x) { return ::exp(x); }
PT_DEVICE f32 log(f32 x) { return ::logf(x); }
PT_DEVICE f64 log(f64 x) { return ::log(x); }
PT_DEVICE f32 sqrt(f32 x) { return ::sqrtf(x); }
PT_DEVICE f64 sqrt(f64 x) { return ::sqrt(x); }
PT_DEVICE f32 rsqrt(f32 x) { return ::rsqrtf(x); }
PT_DEVICE f64 rsqrt(f64 x) { return ::rsqrt(x); }
PT_DEVICE f32 tanh(f32 x) { return ::tanhf(x); }
PT_DEVICE f64 tanh(f64 x) { return ::tanh(x); }
PT_DEVICE f32 erf(f32 x) { return ::erff(x); }
PT_DEVICE f64 erf(f64 x) { return ::erf(x); }
PT_DEVICE f32 pow(f32 x, f32 y) { return ::powf(x, y); }
PT_DEVICE f64 pow(f64 x, f64 y) { return ::pow(x, y); }
PT_DEVICE f32 abs(f32 x) { return ::fabsf(x); }
PT_DEVICE f64 abs(f64 x) { return ::fabs(x); }

}  // namespace pt
