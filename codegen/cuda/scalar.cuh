// The scalar functions of operator files, for epilogues and other printed functors.
//
// Each has the name that operator files give it; codegen/scalar_printer.hpp prints calls to
// these and the plain operators + - * /. T is the accumulator: f32, f64 or i32.
#pragma once

#include "perftune/ptx.cuh"

namespace pt {

// ---- Between storage and accumulator ----

// The accumulator's view of a stored value.
template <class Accumulator, class T>
PT_DEVICE Accumulator widen(T x) {
  if constexpr (is_same<Accumulator, f64>)
    return to_f64(x);
  else if constexpr (is_same<Accumulator, i32>)
    return to_i32(x);
  else
    return to_f32(x);
}

// To f32 on the way to something narrower: what an f64 loses is kept in the last bit (rounding to
// odd), so that the second rounding decides as if it were the only one.
template <class T>
PT_DEVICE f32 before_rounding(T x) { return to_f32(x); }
PT_DEVICE f32 before_rounding(f64 x) {
  const f32 near = to_f32(x);
  const f64 back = to_f64(near);
  if (back == x || x != x) return near;
  const bool past = x > 0 ? back > x : back < x;
  return bit_cast<f32>((bit_cast<u32>(near) - (past ? 1u : 0u)) | 1u);
}

// The stored form of a value: floats round to nearest even, 8-bit floats and integers saturate,
// boolean is 1 for anything but 0. Integers reach floats through f32 only where that is exact.
template <class T, class Accumulator>
PT_DEVICE T narrow(Accumulator x) {
  if constexpr (is_same<T, Accumulator>) {
    return x;
  } else if constexpr (is_same<T, f64>) {
    return to_f64(x);
  } else if constexpr (is_same<T, f32>) {
    return to_f32(x);
  } else if constexpr (is_same<T, tf32>) {
    return tf32{bit_cast<u32>(to_f32(x))};  // stored as f32; rounded where it is multiplied
  } else if constexpr (is_same<T, f16>) {
    return to_f16(before_rounding(x));
  } else if constexpr (is_same<T, bf16>) {
    return to_bf16(before_rounding(x));
#if PT_ARCH >= 890
  } else if constexpr (is_same<T, f8e4m3>) {
    return to_f8e4m3(before_rounding(x));
  } else if constexpr (is_same<T, f8e5m2>) {
    return to_f8e5m2(before_rounding(x));
#endif
  } else if constexpr (is_same<T, i32>) {
    return to_i32(x);
  } else if constexpr (is_same<T, i8>) {
    return static_cast<i8>(larger(-128, smaller(127, to_i32(x))));
  } else if constexpr (is_same<T, u8>) {
    return static_cast<u8>(larger(0, smaller(255, to_i32(x))));
  } else {
    static_assert(is_same<T, boolean>, "no conversion to this type");
    return boolean{static_cast<u8>(x != Accumulator(0))};
  }
}

// ---- Vocabulary of codegen/scalar_printer.hpp; masks are bool ----

template <class T>
constexpr PT_DEVICE T splat(f64 x) { return static_cast<T>(x); }
template <class T>
PT_DEVICE T infinity() { return static_cast<T>(bit_cast<f32>(0x7f800000u)); }
template <class T>
PT_DEVICE T not_a_number() { return static_cast<T>(bit_cast<f32>(0x7fc00000u)); }
// x rounded to the values of D, still a T: `cast` of operator files.
template <class D, class T>
PT_DEVICE T round_to(T x) { return widen<T>(narrow<D>(x)); }

template <class T>
PT_DEVICE T minimum(T a, T b) { return b < a ? b : a; }
template <class T>
PT_DEVICE T maximum(T a, T b) { return a < b ? b : a; }
PT_DEVICE i32 abs(i32 x) { return x < 0 ? -x : x; }
template <class T>
PT_DEVICE T relu(T x) { return x < T(0) ? T(0) : x; }
// exp overflows to infinity for very negative x, and 1 / infinity is the right 0.
template <class T>
PT_DEVICE T sigmoid(T x) { return T(1) / (T(1) + exp(-x)); }
template <class T>
PT_DEVICE T silu(T x) { return x / (T(1) + exp(-x)); }
// x * Phi(x), by erf as the oracle does (Hendrycks and Gimpel, 2016).
template <class T>
PT_DEVICE T gelu(T x) { return T(0.5) * x * (T(1) + erf(x * T(0.70710678118654752440))); }
template <class T>
PT_DEVICE T select(bool mask, T if_true, T if_false) { return mask ? if_true : if_false; }
template <class T>
PT_DEVICE bool less(T a, T b) { return a < b; }
template <class T>
PT_DEVICE bool less_equal(T a, T b) { return a <= b; }
template <class T>
PT_DEVICE bool greater(T a, T b) { return a > b; }
template <class T>
PT_DEVICE bool greater_equal(T a, T b) { return a >= b; }
template <class T>
PT_DEVICE bool equal(T a, T b) { return a == b; }
template <class T>
PT_DEVICE bool not_equal(T a, T b) { return a != b; }

}  // namespace pt
