// The emulator's "perftune/wgmma.cuh": sums are poisoned from run until the wait for their group,
// and operands in shared memory are read at that wait.
#pragma once

#include "perftune/hopper.cuh"
#include "perftune/mma.cuh"

namespace pt {

PT_DEVICE void wgmma_fence() { hopper().wgmma_fence(emulation::attachment.run); }
PT_DEVICE void wgmma_commit() { hopper().wgmma_commit(emulation::attachment.run); }
template <int Pending>
PT_DEVICE void wgmma_wait() {
  hopper().wgmma_wait(emulation::attachment.run, Pending);
}
template <int Pending, class Sum, int Count>
PT_DEVICE void wgmma_wait(Sum (&)[Count]) {
  hopper().wgmma_wait(emulation::attachment.run, Pending);
}

enum class Swizzle : u32 { none = 0, bytes_128 = 1, bytes_64 = 2, bytes_32 = 3 };

PT_DEVICE u64 wgmma_descriptor(u32 offset, u32 leading, u32 stride, Swizzle swizzle) {
  const u64 address = (shared_address(offset) & 0x3ffff) >> 4;
  return address | static_cast<u64>(leading >> 4) << 16 | static_cast<u64>(stride >> 4) << 32 |
         static_cast<u64>(swizzle) << 62;
}

template <class A, class B, int N, bool AlongM = false, bool AlongN = false>
struct Wgmma {
  static constexpr bool integers = is_same<A, i8> || is_same<A, u8>;
  static constexpr int k = 32 / static_cast<int>(sizeof(A));
  static constexpr int c_registers = N / 2;
  using Sum = select_t<integers, i32, f32>;
  static_assert(N == 8 || N == 16 || N == 32 || N == 64 || N == 96 || N == 128 || N == 192 ||
                    N == 256,
                "an N that the device's header lists");
  static_assert(sizeof(A) == 2 || (!AlongM && !AlongN), "only 16-bit types may be MN-major");
  static_assert(integers ? is_same<A, B> : sizeof(A) == 1 || is_same<A, B>, "no such instruction");

  static PT_DEVICE void run(Sum (&c)[N / 2], u64 a, u64 b, bool accumulate) {
    emulation::WarpgroupMultiply part{element_of<A>,
                                      element_of<B>,
                                      N,
                                      AlongM,
                                      AlongN,
                                      accumulate,
                                      integers,
                                      a,
                                      b,
                                      nullptr,
                                      reinterpret_cast<u32*>(c)};
    hopper().wgmma(emulation::attachment.run, part);
  }
  static PT_DEVICE void run(Sum (&c)[N / 2], const u32 (&a)[4], u64 b, bool accumulate) {
    static_assert(sizeof(A) == 2 && is_same<A, B> && !AlongM,
                  "A from registers: 16-bit types here");
    emulation::WarpgroupMultiply part{element_of<A>,
                                      element_of<B>,
                                      N,
                                      false,
                                      AlongN,
                                      accumulate,
                                      integers,
                                      0,
                                      b,
                                      a,
                                      reinterpret_cast<u32*>(c)};
    hopper().wgmma(emulation::attachment.run, part);
  }
};

}  // namespace pt
