// Tensor-core instructions of one warp: mma.sync, and the moves between its registers and shared
// memory. Like ptx.cuh, implemented a second time by the emulator.
//
// A fragment is a lane's share of a matrix, 32-bit registers with elements packed from the low
// bits up. With g = lane / 4, t = lane % 4 and e elements per register (PTX ISA 9.0, §9.7.14.5):
//   A (m x k):  register r, element j:  row g + 8 (r % 2),  column  e t + j + 4 e (r / 2)
//   B (k x 8):  register r, element j:  row e t + j + 4 e r,  column  g
//   C (m x 8):  element i:              row g + 8 (i / 2),  column  2 t + i % 2
// All lanes of a converged warp call together.
#pragma once

#include "perftune/ptx.cuh"

namespace pt {

// c += a * b, m x 8 x k. C is the accumulator: f32, i32, or f16 (pairs in u32). Only the
// specialisations below exist, each from the architecture that PT_ARCH guards:
//   sm_75   f16 16x8x8;  8-bit integers 8x8x16
//   sm_80   f16, bf16 16x8x16;  bf16 16x8x8;  tf32 16x8x4, 16x8x8;  8-bit integers 16x8x16, 16x8x32
//   sm_89   8-bit floats 16x8x32
template <class A, class B, class C, int M, int K>
struct Mma;

// What all shapes share: how many registers a lane holds, and of which type.
template <class A, class B, class C, int M, int K>
struct MmaShape {
  static constexpr int m = M, n = 8, k = K;
  static constexpr int a_registers = M * K * static_cast<int>(sizeof(A)) / 128;
  static constexpr int b_registers = 8 * K * static_cast<int>(sizeof(B)) / 128;
  static constexpr int c_registers = M * 8 * (is_same<C, f16> ? 2 : 4) / 128;
  using Sum = select_t<is_same<C, f16>, u32, C>;
};

#define PT_MMA_SHAPE(A, B, C, M, K)                   \
  template <>                                         \
  struct Mma<A, B, C, M, K> : MmaShape<A, B, C, M, K> { \
    static PT_DEVICE void run(Sum (&c)[c_registers], const u32 (&a)[a_registers], \
                              const u32 (&b)[b_registers])
// `name`: the part of the instruction after "mma.sync.aligned."; `f`: constraint of the sums.
#define PT_MMA_4_2_4(A, B, C, M, K, name, f)                                                  \
  PT_MMA_SHAPE(A, B, C, M, K) {                                                               \
    asm volatile("mma.sync.aligned." name                                                     \
                 " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"                      \
                 : "+" f(c[0]), "+" f(c[1]), "+" f(c[2]), "+" f(c[3])                          \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));          \
  } }
#define PT_MMA_2_1_4(A, B, C, M, K, name, f)                                                  \
  PT_MMA_SHAPE(A, B, C, M, K) {                                                               \
    asm volatile("mma.sync.aligned." name " {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"      \
                 : "+" f(c[0]), "+" f(c[1]), "+" f(c[2]), "+" f(c[3])                          \
                 : "r"(a[0]), "r"(a[1]), "r"(b[0]));                                           \
  } }
#define PT_MMA_1_1_2(A, B, C, M, K, name, f)                                                  \
  PT_MMA_SHAPE(A, B, C, M, K) {                                                               \
    asm volatile("mma.sync.aligned." name " {%0,%1}, {%2}, {%3}, {%0,%1};"                     \
                 : "+" f(c[0]), "+" f(c[1]) : "r"(a[0]), "r"(b[0]));                           \
  } }
#define PT_MMA_4_2_2(A, B, C, M, K, name, f)                                                  \
  PT_MMA_SHAPE(A, B, C, M, K) {                                                               \
    asm volatile("mma.sync.aligned." name " {%0,%1}, {%2,%3,%4,%5}, {%6,%7}, {%0,%1};"         \
                 : "+" f(c[0]), "+" f(c[1])                                                    \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));          \
  } }
#define PT_MMA_2_1_2(A, B, C, M, K, name, f)                                                  \
  PT_MMA_SHAPE(A, B, C, M, K) {                                                               \
    asm volatile("mma.sync.aligned." name " {%0,%1}, {%2,%3}, {%4}, {%0,%1};"                  \
                 : "+" f(c[0]), "+" f(c[1]) : "r"(a[0]), "r"(a[1]), "r"(b[0]));                \
  } }

PT_MMA_2_1_4(f16, f16, f32, 16, 8, "m16n8k8.row.col.f32.f16.f16.f32", "f");
PT_MMA_2_1_2(f16, f16, f16, 16, 8, "m16n8k8.row.col.f16.f16.f16.f16", "r");
PT_MMA_1_1_2(i8, i8, i32, 8, 16, "m8n8k16.row.col.s32.s8.s8.s32", "r");
PT_MMA_1_1_2(u8, u8, i32, 8, 16, "m8n8k16.row.col.s32.u8.u8.s32", "r");
PT_MMA_1_1_2(i8, u8, i32, 8, 16, "m8n8k16.row.col.s32.s8.u8.s32", "r");
PT_MMA_1_1_2(u8, i8, i32, 8, 16, "m8n8k16.row.col.s32.u8.s8.s32", "r");
#if PT_ARCH >= 800
PT_MMA_4_2_4(f16, f16, f32, 16, 16, "m16n8k16.row.col.f32.f16.f16.f32", "f");
PT_MMA_4_2_2(f16, f16, f16, 16, 16, "m16n8k16.row.col.f16.f16.f16.f16", "r");
PT_MMA_2_1_4(bf16, bf16, f32, 16, 8, "m16n8k8.row.col.f32.bf16.bf16.f32", "f");
PT_MMA_4_2_4(bf16, bf16, f32, 16, 16, "m16n8k16.row.col.f32.bf16.bf16.f32", "f");
PT_MMA_2_1_4(tf32, tf32, f32, 16, 4, "m16n8k4.row.col.f32.tf32.tf32.f32", "f");
PT_MMA_4_2_4(tf32, tf32, f32, 16, 8, "m16n8k8.row.col.f32.tf32.tf32.f32", "f");
PT_MMA_2_1_4(i8, i8, i32, 16, 16, "m16n8k16.row.col.s32.s8.s8.s32", "r");
PT_MMA_2_1_4(u8, u8, i32, 16, 16, "m16n8k16.row.col.s32.u8.u8.s32", "r");
PT_MMA_2_1_4(i8, u8, i32, 16, 16, "m16n8k16.row.col.s32.s8.u8.s32", "r");
PT_MMA_2_1_4(u8, i8, i32, 16, 16, "m16n8k16.row.col.s32.u8.s8.s32", "r");
PT_MMA_4_2_4(i8, i8, i32, 16, 32, "m16n8k32.row.col.s32.s8.s8.s32", "r");
PT_MMA_4_2_4(u8, u8, i32, 16, 32, "m16n8k32.row.col.s32.u8.u8.s32", "r");
PT_MMA_4_2_4(i8, u8, i32, 16, 32, "m16n8k32.row.col.s32.s8.u8.s32", "r");
PT_MMA_4_2_4(u8, i8, i32, 16, 32, "m16n8k32.row.col.s32.u8.s8.s32", "r");
#endif
#if PT_ARCH >= 890
PT_MMA_4_2_4(f8e4m3, f8e4m3, f32, 16, 32, "m16n8k32.row.col.f32.e4m3.e4m3.f32", "f");
PT_MMA_4_2_4(f8e5m2, f8e5m2, f32, 16, 32, "m16n8k32.row.col.f32.e5m2.e5m2.f32", "f");
PT_MMA_4_2_4(f8e4m3, f8e5m2, f32, 16, 32, "m16n8k32.row.col.f32.e4m3.e5m2.f32", "f");
PT_MMA_4_2_4(f8e5m2, f8e4m3, f32, 16, 32, "m16n8k32.row.col.f32.e5m2.e4m3.f32", "f");
#endif

#undef PT_MMA_4_2_4
#undef PT_MMA_2_1_4
#undef PT_MMA_1_1_2
#undef PT_MMA_4_2_2
#undef PT_MMA_2_1_2
#undef PT_MMA_SHAPE

// ---- 8x8 matrices of 16-bit elements from and to shared memory ----

// Lane i gives the byte offset (a multiple of 16) of row i % 8 of matrix i / 8; every lane gives
// a valid one, whatever Count. Register r receives elements 2 t and 2 t + 1 of row g of matrix r;
// with Transposed, of column g (§9.7.14.5.15 ldmatrix). Count is 1, 2 or 4.
template <int Count, bool Transposed = false>
PT_DEVICE void load_matrices(u32 (&to)[Count], u32 offset) {
  static_assert(Count == 1 || Count == 2 || Count == 4, "ldmatrix moves 1, 2 or 4 matrices");
  const u32 from = shared_address(offset);
  if constexpr (Count == 4 && !Transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(from) : "memory");
  else if constexpr (Count == 4)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(from) : "memory");
  else if constexpr (Count == 2 && !Transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                 : "=r"(to[0]), "=r"(to[1]) : "r"(from) : "memory");
  else if constexpr (Count == 2)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(to[0]), "=r"(to[1]) : "r"(from) : "memory");
  else if constexpr (!Transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];"
                 : "=r"(to[0]) : "r"(from) : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];"
                 : "=r"(to[0]) : "r"(from) : "memory");
}

// The way back, sm_90 and later (§9.7.14.5.16 stmatrix).
#if PT_ARCH >= 900
template <int Count, bool Transposed = false>
PT_DEVICE void store_matrices(u32 offset, const u32 (&from)[Count]) {
  static_assert(Count == 1 || Count == 2 || Count == 4, "stmatrix moves 1, 2 or 4 matrices");
  const u32 to = shared_address(offset);
  if constexpr (Count == 4 && !Transposed)
    asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1,%2,%3,%4};"
                 ::"r"(to), "r"(from[0]), "r"(from[1]), "r"(from[2]), "r"(from[3]) : "memory");
  else if constexpr (Count == 4)
    asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1,%2,%3,%4};"
                 ::"r"(to), "r"(from[0]), "r"(from[1]), "r"(from[2]), "r"(from[3]) : "memory");
  else if constexpr (Count == 2 && !Transposed)
    asm volatile("stmatrix.sync.aligned.m8n8.x2.shared.b16 [%0], {%1,%2};"
                 ::"r"(to), "r"(from[0]), "r"(from[1]) : "memory");
  else if constexpr (Count == 2)
    asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], {%1,%2};"
                 ::"r"(to), "r"(from[0]), "r"(from[1]) : "memory");
  else if constexpr (!Transposed)
    asm volatile("stmatrix.sync.aligned.m8n8.x1.shared.b16 [%0], {%1};"
                 ::"r"(to), "r"(from[0]) : "memory");
  else
    asm volatile("stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%0], {%1};"
                 ::"r"(to), "r"(from[0]) : "memory");
}
#endif

}  // namespace pt
