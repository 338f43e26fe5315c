// wgmma: 64 x N x K products of a warpgroup, operands in shared memory, sums in registers (sm_90a).
//
// Asynchronous: between run and the wait for its group nothing may touch the sums, the registers of
// A, or the shared memory that is read. Per k step: wgmma_fence, any number of run, wgmma_commit;
// wgmma_wait before the sums are used. All four warps call together, converged. Sections (§) are
// those of "PTX ISA 9.0". The sums of thread t of the group, w = t / 32, g = t % 32 / 4:
//   c[i]: row 16 w + g + 8 (i / 2 % 2),  column 8 (i / 4) + 2 (t % 4) + i % 2     (§9.7.15.5.1)
#pragma once

#include "perftune/hopper.cuh"

namespace pt {

// Orders this thread's accesses to registers of the sums and of A before later products (§9.7.15.7.1).
PT_DEVICE void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
PT_DEVICE void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
// Until at most Pending groups are under way.
template <int Pending>
PT_DEVICE void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Pending) : "memory");
}
// The same; `c`: the sums that become usable. Naming them keeps the compiler from moving their uses
// across.
template <int Pending, class Sum, int Count>
PT_DEVICE void wgmma_wait(Sum (&c)[Count]) {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Pending) : "memory");
  PT_UNROLL
  for (int i = 0; i < Count; ++i) {
    if constexpr (is_same<Sum, f32>)
      asm volatile("" : "+f"(c[i])::"memory");
    else
      asm volatile("" : "+r"(c[i])::"memory");
  }
}

// How 16-byte chunks are permuted in shared memory, by address bits: 128 bytes: 6:4 ^= 9:7,
// 64 bytes: 5:4 ^= 8:7, 32 bytes: 4 ^= 7 (§5.5.6). The numbers are those of descriptors.
enum class Swizzle : u32 { none = 0, bytes_128 = 1, bytes_64 = 2, bytes_32 = 3 };

// Where and how a matrix lies in shared memory (§9.7.15.5.1.2.2). K-major: `stride` bytes between
// groups of 8 rows; `leading` between 16-byte columns, without swizzle only. MN-major (16-bit types):
// `leading` between runs of one swizzle span, `stride` between groups of 8 k; without swizzle,
// exchanged.
PT_DEVICE u64 wgmma_descriptor(u32 offset, u32 leading, u32 stride, Swizzle swizzle) {
  const u64 address = (shared_address(offset) & 0x3ffff) >> 4;
  return address | static_cast<u64>(leading >> 4) << 16 | static_cast<u64>(stride >> 4) << 32 |
         static_cast<u64>(swizzle) << 62;
}

// c (+)= a * b with A 64 x K and B K x N of 32 bytes of k: K is 16, 8 (tf32) or 32 (8 bit).
// N is one of those below. AlongM / AlongN: the operand is MN-major.
template <class A, class B, int N, bool AlongM = false, bool AlongN = false>
struct Wgmma {
  static constexpr bool integers = is_same<A, i8> || is_same<A, u8>;
  static constexpr int k = 32 / static_cast<int>(sizeof(A));
  static constexpr int c_registers = N / 2;
  using Sum = select_t<integers, i32, f32>;
  static_assert(sizeof(A) == 2 || (!AlongM && !AlongN), "only 16-bit types may be MN-major");

  // `accumulate` false: c is overwritten.
  static PT_DEVICE void run(Sum (&c)[N / 2], u64 a, u64 b, bool accumulate);
  // A from registers, laid out as mma's m16n8kK for each warp's 16 rows.
  static PT_DEVICE void run(Sum (&c)[N / 2], const u32 (&a)[4], u64 b, bool accumulate);
};

#define PT_LIST_4 "%0,%1,%2,%3"
#define PT_LIST_8 PT_LIST_4 ",%4,%5,%6,%7"
#define PT_LIST_16 PT_LIST_8 ",%8,%9,%10,%11,%12,%13,%14,%15"
#define PT_LIST_32 PT_LIST_16 ",%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define PT_LIST_48 PT_LIST_32 ",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47"
#define PT_LIST_64 PT_LIST_48 ",%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define PT_LIST_96 PT_LIST_64 ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79" \
  ",%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95"
#define PT_LIST_128 PT_LIST_96 ",%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111" \
  ",%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"
#define PT_SUMS_4(f, i) "+" f(c[i]), "+" f(c[i + 1]), "+" f(c[i + 2]), "+" f(c[i + 3])
#define PT_SUMS_8(f, i) PT_SUMS_4(f, i), PT_SUMS_4(f, i + 4)
#define PT_SUMS_16(f, i) PT_SUMS_8(f, i), PT_SUMS_8(f, i + 8)
#define PT_SUMS_32(f, i) PT_SUMS_16(f, i), PT_SUMS_16(f, i + 16)
#define PT_SUMS_48(f, i) PT_SUMS_32(f, i), PT_SUMS_16(f, i + 32)
#define PT_SUMS_64(f, i) PT_SUMS_32(f, i), PT_SUMS_32(f, i + 32)
#define PT_SUMS_96(f, i) PT_SUMS_64(f, i), PT_SUMS_32(f, i + 64)
#define PT_SUMS_128(f, i) PT_SUMS_64(f, i), PT_SUMS_64(f, i + 64)

// One instruction, A by descriptor. s0..s4: the operand numbers after the sums, as "%n".
#define PT_WGMMA_SHARED(N, R, name, f, s0, s1, s2, tail, ...)                                  \
  asm volatile("{ .reg .pred p; setp.ne.b32 p, " s2 ", 0;\n"                                   \
               "wgmma.mma_async.sync.aligned.m64n" #N name " {" PT_LIST_##R "}, " s0 ", " s1    \
               ", p" tail "; }"                                                                \
               : PT_SUMS_##R(f, 0) : "l"(a), "l"(b), "r"(go) __VA_ARGS__)
#define PT_WGMMA_REGISTERS(N, R, name, f, s0, s1, s2, s3, s4, s5, tail, ...)                   \
  asm volatile("{ .reg .pred p; setp.ne.b32 p, " s5 ", 0;\n"                                   \
               "wgmma.mma_async.sync.aligned.m64n" #N name " {" PT_LIST_##R "}, {" s0 ", " s1   \
               ", " s2 ", " s3 "}, " s4 ", p" tail "; }"                                       \
               : PT_SUMS_##R(f, 0)                                                             \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "r"(go) __VA_ARGS__)
// All types of one N.
#define PT_WGMMA_SHAPE(N, R, s0, s1, s2, s3, s4, s5, s6)                                       \
  template <class A, class B, bool M_, bool N_>                                                \
  struct WgmmaOf<A, B, N, M_, N_> {                                                            \
    using Sum = typename Wgmma<A, B, N, M_, N_>::Sum;                                          \
    static PT_DEVICE void run(Sum (&c)[R], u64 a, u64 b, int go) {                             \
      if constexpr (is_same<A, f16>)                                                           \
        PT_WGMMA_SHARED(N, R, "k16.f32.f16.f16", "f", s0, s1, s2, ", 1, 1, " s3 ", " s4,        \
                        , "n"(M_ ? 1 : 0), "n"(N_ ? 1 : 0));                                   \
      else if constexpr (is_same<A, bf16>)                                                     \
        PT_WGMMA_SHARED(N, R, "k16.f32.bf16.bf16", "f", s0, s1, s2, ", 1, 1, " s3 ", " s4,      \
                        , "n"(M_ ? 1 : 0), "n"(N_ ? 1 : 0));                                   \
      else if constexpr (is_same<A, tf32>)                                                     \
        PT_WGMMA_SHARED(N, R, "k8.f32.tf32.tf32", "f", s0, s1, s2, ", 1, 1", );                 \
      else if constexpr (is_same<A, f8e4m3> && is_same<B, f8e4m3>)                             \
        PT_WGMMA_SHARED(N, R, "k32.f32.e4m3.e4m3", "f", s0, s1, s2, ", 1, 1", );                \
      else if constexpr (is_same<A, f8e4m3>)                                                   \
        PT_WGMMA_SHARED(N, R, "k32.f32.e4m3.e5m2", "f", s0, s1, s2, ", 1, 1", );                \
      else if constexpr (is_same<A, f8e5m2> && is_same<B, f8e4m3>)                             \
        PT_WGMMA_SHARED(N, R, "k32.f32.e5m2.e4m3", "f", s0, s1, s2, ", 1, 1", );                \
      else if constexpr (is_same<A, f8e5m2>)                                                   \
        PT_WGMMA_SHARED(N, R, "k32.f32.e5m2.e5m2", "f", s0, s1, s2, ", 1, 1", );                \
      else if constexpr (is_same<A, i8>)                                                       \
        PT_WGMMA_SHARED(N, R, "k32.s32.s8.s8", "r", s0, s1, s2, "", );                          \
      else                                                                                     \
        PT_WGMMA_SHARED(N, R, "k32.s32.u8.u8", "r", s0, s1, s2, "", );                          \
    }                                                                                          \
    static PT_DEVICE void run(Sum (&c)[R], const u32 (&a)[4], u64 b, int go) {                 \
      if constexpr (is_same<A, f16>)                                                           \
        PT_WGMMA_REGISTERS(N, R, "k16.f32.f16.f16", "f", s0, s1, s2, s3, s4, s5,                \
                           ", 1, 1, " s6, , "n"(N_ ? 1 : 0));                                  \
      else                                                                                     \
        PT_WGMMA_REGISTERS(N, R, "k16.f32.bf16.bf16", "f", s0, s1, s2, s3, s4, s5,              \
                           ", 1, 1, " s6, , "n"(N_ ? 1 : 0));                                  \
    }                                                                                          \
  };

template <class A, class B, int N, bool AlongM, bool AlongN>
struct WgmmaOf;
PT_WGMMA_SHAPE(8, 4, "%4", "%5", "%6", "%7", "%8", "%9", "%10")
PT_WGMMA_SHAPE(16, 8, "%8", "%9", "%10", "%11", "%12", "%13", "%14")
PT_WGMMA_SHAPE(32, 16, "%16", "%17", "%18", "%19", "%20", "%21", "%22")
PT_WGMMA_SHAPE(64, 32, "%32", "%33", "%34", "%35", "%36", "%37", "%38")
PT_WGMMA_SHAPE(96, 48, "%48", "%49", "%50", "%51", "%52", "%53", "%54")
PT_WGMMA_SHAPE(128, 64, "%64", "%65", "%66", "%67", "%68", "%69", "%70")
PT_WGMMA_SHAPE(192, 96, "%96", "%97", "%98", "%99", "%100", "%101", "%102")
PT_WGMMA_SHAPE(256, 128, "%128", "%129", "%130", "%131", "%132", "%133", "%134")

#undef PT_WGMMA_SHAPE
#undef PT_WGMMA_REGISTERS
#undef PT_WGMMA_SHARED

template <class A, class B, int N, bool AlongM, bool AlongN>
PT_DEVICE void Wgmma<A, B, N, AlongM, AlongN>::run(Sum (&c)[N / 2], u64 a, u64 b, bool accumulate) {
  static_assert(integers ? is_same<A, B> : sizeof(A) == 1 || is_same<A, B>, "no such instruction");
  WgmmaOf<A, B, N, AlongM, AlongN>::run(c, a, b, accumulate);
}
template <class A, class B, int N, bool AlongM, bool AlongN>
PT_DEVICE void Wgmma<A, B, N, AlongM, AlongN>::run(Sum (&c)[N / 2], const u32 (&a)[4], u64 b,
                                                   bool accumulate) {
  static_assert(sizeof(A) == 2 && is_same<A, B> && !AlongM, "A from registers: 16-bit types here");
  WgmmaOf<A, B, N, false, AlongN>::run(c, a, b, accumulate);
}

}  // namespace pt
