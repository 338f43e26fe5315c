// Value types of device code: integers by width, 16- and 8-bit floats as bits, vectors.
//
// No header of CUDA or of the standard library is needed, so this text compiles alike under NVRTC,
// nvcc and (in the emulator) the host compiler. Conversions are in ptx.cuh.
#pragma once

namespace pt {

using i8 = signed char;
using u8 = unsigned char;
using i16 = short;
using u16 = unsigned short;
using i32 = int;
using u32 = unsigned int;
using i64 = long long;
using u64 = unsigned long long;
using f32 = float;
using f64 = double;

static_assert(sizeof(i32) == 4 && sizeof(i64) == 8 && sizeof(void*) == 8, "LP64 is assumed");

// IEEE binary16, bfloat16, and the OCP 8-bit floats e4m3 (no infinity) and e5m2.
struct f16 { u16 bits; };
struct bf16 { u16 bits; };
struct f8e4m3 { u8 bits; };
struct f8e5m2 { u8 bits; };
// Stored as f32; a tensor core ignores the low 13 bits, so writers round to nearest first.
struct tf32 { u32 bits; };
// One byte, 0 or 1.
struct boolean { u8 bits; };

// N values that move as one, aligned to their size up to 16 bytes: what an access wrapper takes.
template <class T, int N>
struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Vec {
  static_assert((N & (N - 1)) == 0, "vectors have a power of two of elements");
  using Element = T;
  static constexpr int size = N;
  T at[N];
  PT_DEVICE T& operator[](int i) { return at[i]; }
  PT_DEVICE const T& operator[](int i) const { return at[i]; }
};

template <bool Condition, class Then, class Else>
struct Select { using type = Then; };
template <class Then, class Else>
struct Select<false, Then, Else> { using type = Else; };
template <bool Condition, class Then, class Else>
using select_t = typename Select<Condition, Then, Else>::type;

template <class A, class B>
inline constexpr bool is_same = false;
template <class A>
inline constexpr bool is_same<A, A> = true;

constexpr PT_DEVICE int ceil_div(int a, int b) { return (a + b - 1) / b; }
constexpr PT_DEVICE i64 ceil_div(i64 a, i64 b) { return (a + b - 1) / b; }
template <class T>
constexpr PT_DEVICE T smaller(T a, T b) { return b < a ? b : a; }
template <class T>
constexpr PT_DEVICE T larger(T a, T b) { return a < b ? b : a; }

}  // namespace pt
