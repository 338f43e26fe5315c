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
    return to_f16(to_f32(x));
  } else if constexpr (is_same<T, bf16>) {
    return to_bf16(to_f32(x));
#if PT_ARCH >= 890
  } else if constexpr (is_same<T, f8e4m3>) {
    return to_f8e4m3(to_f32(x));
  } else if constexpr (is_same<T, f8e5m2>) {
    return to_f8e5m2(to_f32(x));
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

// Rounds to T and back: `cast` of operator files.
template <class T, class Accumulator>
PT_DEVICE Accumulator cast(Accumulator x) {
  return widen<Accumulator>(narrow<T>(x));
}

// ---- Functions by their name in operator files ----

template <class T>
PT_DEVICE T minimum(T a, T b) { return b < a ? b : a; }
template <class T>
PT_DEVICE T maximum(T a, T b) { return a < b ? b : a; }
PT_DEVICE i32 abs(i32 x) { return x < 0 ? -x : x; }
template <class T>
PT_DEVICE T relu(T x) { return x < T(0) ? T(0) : x; }
template <class T>
PT_DEVICE T sigmoid(T x) { return T(1) / (T(1) + exp(-x)); }
template <class T>
PT_DEVICE T silu(T x) { return x / (T(1) + exp(-x)); }
// x * Phi(x), by erf as the oracle does (Hendrycks and Gimpel, 2016).
template <class T>
PT_DEVICE T gelu(T x) { return T(0.5) * x * (T(1) + erf(x * T(0.70710678118654752440))); }
// The condition counts as true when it is not zero, as comparisons give 0 or 1.
template <class T>
PT_DEVICE T select(T condition, T if_true, T if_false) {
  return condition != T(0) ? if_true : if_false;
}
template <class T>
PT_DEVICE T less(T a, T b) { return T(a < b); }
template <class T>
PT_DEVICE T less_equal(T a, T b) { return T(a <= b); }
template <class T>
PT_DEVICE T greater(T a, T b) { return T(a > b); }
template <class T>
PT_DEVICE T greater_equal(T a, T b) { return T(a >= b); }
template <class T>
PT_DEVICE T equal(T a, T b) { return T(a == b); }
template <class T>
PT_DEVICE T not_equal(T a, T b) { return T(a != b); }

}  // namespace pt
