// Conversions between float64 and the stored form of every data type: the reference that
// generated kernels, the oracle and file readers agree with. Pure; no failure.
//
// Rounding is to nearest, ties to even, directly from float64 (no double rounding).
//   f64 f32          IEEE 754
//   f16 bf16         overflow gives infinity, as cvt.rn.f16.f32 and cvt.rn.bf16.f32 do
//   tf32             stored as f32 with 13 zero bits at the end of the mantissa; decoding keeps
//                    all bits of an f32 that was stored there
//   f8e4m3           OCP 8-bit e4m3fn: no infinities, NaN is 0x7f / 0xff, largest 448
//   f8e5m2           OCP 8-bit e5m2: infinities and NaNs decode, largest 57344
//   f8 overflow      saturates to the largest value, infinities too: the only form that
//                    cvt.rn.satfinite.e4m3x2.f32 / e5m2x2.f32 offer (PTX ISA, cvt)
//   i32 i8 u8        saturate; NaN gives 0
//   boolean          NaN and non-zero give 1
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "recipes/dtype.hpp"

namespace perftune {

double decode(DType type, const std::byte* from);
void encode(DType type, double value, std::byte* to);

// Arrays; both spans hold the same number of elements.
void decode(DType type, std::span<const std::byte> from, std::span<double> to);
void encode(DType type, std::span<const double> from, std::span<std::byte> to);

// Every `stride`-th element (in elements; may be 0 or negative), starting with the one at `from`.
void decode(DType type, const std::byte* from, std::int64_t stride, std::span<double> to);

// The value that is stored when `value` is encoded: decode(encode(value)).
double round_to(DType type, double value);

// Largest finite value.
double largest(DType type);

}  // namespace perftune
