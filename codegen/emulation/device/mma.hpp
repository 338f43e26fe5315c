// The emulator's "perftune/mma.cuh": the same shapes, multiplied by the emulator's matrix unit
// (executor/emulation/matrix_unit.hpp) once all lanes of the warp have arrived.
#pragma once

#include "perftune/ptx.cuh"

namespace pt {

template <class T>
inline constexpr emulation::Element element_of = emulation::Element::f16;
template <>
inline constexpr emulation::Element element_of<bf16> = emulation::Element::bf16;
template <>
inline constexpr emulation::Element element_of<tf32> = emulation::Element::tf32;
template <>
inline constexpr emulation::Element element_of<i8> = emulation::Element::i8;
template <>
inline constexpr emulation::Element element_of<u8> = emulation::Element::u8;
template <>
inline constexpr emulation::Element element_of<f8e4m3> = emulation::Element::f8e4m3;
template <>
inline constexpr emulation::Element element_of<f8e5m2> = emulation::Element::f8e5m2;

// The first architecture that has an mma of these types and this shape; 0: none has.
template <class A, class B, class C, int M, int K>
constexpr int first_architecture() {
  constexpr bool bytes = (is_same<A, i8> || is_same<A, u8>)&&(is_same<B, i8> || is_same<B, u8>);
  constexpr bool f8 =
      (is_same<A, f8e4m3> || is_same<A, f8e5m2>)&&(is_same<B, f8e4m3> || is_same<B, f8e5m2>);
  if (bytes && is_same<C, i32>)
    return M == 8 && K == 16 ? 750 : M == 16 && (K == 16 || K == 32) ? 800 : 0;
  if (M != 16) return 0;
  if (f8) return is_same<C, f32> && K == 32 ? 890 : 0;
  if (!is_same<A, B>) return 0;
  if (is_same<A, f16> && (is_same<C, f32> || is_same<C, f16>))
    return K == 8 ? 750 : K == 16 ? 800 : 0;
  if (!is_same<C, f32>) return 0;
  if (is_same<A, bf16>) return K == 8 || K == 16 ? 800 : 0;
  return is_same<A, tf32> && (K == 4 || K == 8) ? 800 : 0;
}

template <class A, class B, class C, int M, int K>
struct Mma {
  static_assert(first_architecture<A, B, C, M, K>() != 0, "no such instruction");
  static_assert(PT_ARCH >= first_architecture<A, B, C, M, K>(), "not on this architecture");
  static constexpr int m = M, n = 8, k = K;
  static constexpr int a_registers = M * K * static_cast<int>(sizeof(A)) / 128;
  static constexpr int b_registers = 8 * K * static_cast<int>(sizeof(B)) / 128;
  static constexpr int c_registers = M * 8 * (is_same<C, f16> ? 2 : 4) / 128;
  using Sum = select_t<is_same<C, f16>, u32, C>;

  static PT_DEVICE void run(Sum (&c)[c_registers], const u32 (&a)[a_registers],
                            const u32 (&b)[b_registers]) {
    u32 sums[c_registers];
    __builtin_memcpy(sums, c, sizeof(sums));
    emulation::MatrixMultiply lane{element_of<A>, element_of<B>, M, K, is_same<C, f16>, a, b, sums};
    emulation::machine().multiply(emulation::attachment.run, lane);
    __builtin_memcpy(c, sums, sizeof(sums));
  }
};

template <int Count, bool Transposed = false>
PT_DEVICE void load_matrices(u32 (&to)[Count], u32 offset) {
  static_assert(Count == 1 || Count == 2 || Count == 4, "ldmatrix moves 1, 2 or 4 matrices");
  emulation::MatrixMove lane{offset, Count, Transposed, false, to};
  emulation::machine().move_matrices(emulation::attachment.run, lane);
}
#if PT_ARCH >= 900
template <int Count, bool Transposed = false>
PT_DEVICE void store_matrices(u32 offset, const u32 (&from)[Count]) {
  static_assert(Count == 1 || Count == 2 || Count == 4, "stmatrix moves 1, 2 or 4 matrices");
  u32 registers[Count];
  __builtin_memcpy(registers, from, sizeof(registers));
  emulation::MatrixMove lane{offset, Count, Transposed, true, registers};
  emulation::machine().move_matrices(emulation::attachment.run, lane);
}
#endif

}  // namespace pt
