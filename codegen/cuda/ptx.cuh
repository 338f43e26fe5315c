// The vocabulary of device code: one wrapper per PTX instruction and per CUDA built-in.
//
// Emitted sources and the other headers of this folder use nothing else of the machine: no raw
// asm, __shared__, threadIdx or __launch_bounds__. The emulator has a second implementation of
// this very file (same names, same meaning) in host C++, against which the same text runs.
// Sections (§) are those of "PTX ISA 9.0".
//
// Rules that both implementations rely on:
//  - a source defines PT_ARCH (750, 800, ... as __CUDA_ARCH__) before it includes any header;
//  - its one parameter is `struct Params`, defined before PT_KERNEL and named `params` inside;
//  - blocks are one-dimensional; grids have three dimensions;
//  - shared memory is one dynamic arena, addressed by byte offset, through these accessors only;
//  - shuffles, sync_warp and mma are reached by whole, converged warps; sync_block by the block;
//  - every wait is a wrapper, and data copied asynchronously is not touched before it.
#pragma once

#define PT_DEVICE __device__ __forceinline__
#define PT_UNROLL _Pragma("unroll")
#define PT_NO_UNROLL _Pragma("unroll 1")
// A named constant table or scalar at namespace scope.
#define PT_CONSTANT static constexpr

// Entry point: at most `threads` per block; `min_blocks` of them per SM shape register allocation
// (§11.4 .maxntid, .minnctapersm; 0 asks for none).
#define PT_KERNEL(name, threads, min_blocks) \
  extern "C" __global__ void __launch_bounds__(threads, min_blocks) \
      name(const __grid_constant__ Params params)

#include "perftune/types.cuh"

#ifdef __CUDA_ARCH__  // nvcc reads the text for the host, too
static_assert(PT_ARCH == __CUDA_ARCH__, "PT_ARCH must name the architecture compiled for");
#endif

namespace pt {

inline constexpr bool has_cp_async = PT_ARCH >= 800;

// ---- Where am I (§10 special registers) ----

PT_DEVICE u32 thread_index() { return threadIdx.x; }
PT_DEVICE u32 block_threads() { return blockDim.x; }
PT_DEVICE u32 lane_index() { return threadIdx.x % 32; }
// Uniform over the warp, and known as such to the compiler. Converged warps only.
PT_DEVICE u32 warp_index() { return __shfl_sync(0xffffffffu, threadIdx.x / 32, 0); }
PT_DEVICE u32 block_index_x() { return blockIdx.x; }
PT_DEVICE u32 block_index_y() { return blockIdx.y; }
PT_DEVICE u32 block_index_z() { return blockIdx.z; }
PT_DEVICE u32 grid_blocks_x() { return gridDim.x; }
PT_DEVICE u32 grid_blocks_y() { return gridDim.y; }
PT_DEVICE u32 grid_blocks_z() { return gridDim.z; }

// ---- Waiting for other threads ----

// All threads of the block; orders their shared and global accesses (§9.7.13.1 barrier.sync 0).
PT_DEVICE void sync_block() { __syncthreads(); }
// `threads` (a multiple of 32) of the block, by barrier Id in 1..15 (§9.7.13.1 barrier.sync).
template <int Id, int Threads>
PT_DEVICE void sync_barrier() {
  static_assert(Id > 0 && Id < 16 && Threads % 32 == 0, "named barriers are 1 to 15, of whole warps");
  asm volatile("barrier.sync.aligned %0, %1;" ::"n"(Id), "n"(Threads) : "memory");
}
// Counts towards sync_barrier<Id, Threads> without waiting (§9.7.13.1 barrier.arrive).
template <int Id, int Threads>
PT_DEVICE void arrive_barrier() {
  static_assert(Id > 0 && Id < 16 && Threads % 32 == 0, "named barriers are 1 to 15, of whole warps");
  asm volatile("barrier.arrive.aligned %0, %1;" ::"n"(Id), "n"(Threads) : "memory");
}
// Orders shared accesses of the warp's lanes (§9.7.13.2 bar.warp.sync).
PT_DEVICE void sync_warp() { __syncwarp(0xffffffffu); }
// True in every thread when true in any (§9.7.13.1 barrier.red.or).
PT_DEVICE bool sync_block_any(bool value) { return __syncthreads_or(value) != 0; }

// ---- Shuffles of a converged warp (§9.7.9.6 shfl.sync), for 4- and 8-byte types ----

template <class T>
PT_DEVICE T shuffle(T value, int lane) { return __shfl_sync(0xffffffffu, value, lane); }
template <class T>
PT_DEVICE T shuffle_xor(T value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }
template <class T>
PT_DEVICE T shuffle_down(T value, int by) { return __shfl_down_sync(0xffffffffu, value, by); }
template <class T>
PT_DEVICE T shuffle_up(T value, int by) { return __shfl_up_sync(0xffffffffu, value, by); }

// ---- Bits ----

template <class To, class From>
PT_DEVICE To bit_cast(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "bit_cast keeps the size");
  return __builtin_bit_cast(To, from);
}

// ---- Shared memory: byte offsets into the block's dynamic arena ----

extern __shared__ __align__(1024) u8 shared_arena[];

// V is a Vec or a scalar; `offset` is a multiple of sizeof(V) (§9.7.9.8 ld.shared).
template <class V>
PT_DEVICE V shared_load(u32 offset) {
  static_assert(sizeof(V) <= 16, "one access moves at most 16 bytes");
  if constexpr (sizeof(V) == 16)
    return bit_cast<V>(*reinterpret_cast<const uint4*>(shared_arena + offset));
  else if constexpr (sizeof(V) == 8)
    return bit_cast<V>(*reinterpret_cast<const uint2*>(shared_arena + offset));
  else if constexpr (sizeof(V) == 4)
    return bit_cast<V>(*reinterpret_cast<const u32*>(shared_arena + offset));
  else if constexpr (sizeof(V) == 2)
    return bit_cast<V>(*reinterpret_cast<const u16*>(shared_arena + offset));
  else
    return bit_cast<V>(*reinterpret_cast<const u8*>(shared_arena + offset));
}
// §9.7.9.11 st.shared
template <class V>
PT_DEVICE void shared_store(u32 offset, const V& value) {
  static_assert(sizeof(V) <= 16, "one access moves at most 16 bytes");
  if constexpr (sizeof(V) == 16)
    *reinterpret_cast<uint4*>(shared_arena + offset) = bit_cast<uint4>(value);
  else if constexpr (sizeof(V) == 8)
    *reinterpret_cast<uint2*>(shared_arena + offset) = bit_cast<uint2>(value);
  else if constexpr (sizeof(V) == 4)
    *reinterpret_cast<u32*>(shared_arena + offset) = bit_cast<u32>(value);
  else if constexpr (sizeof(V) == 2)
    *reinterpret_cast<u16*>(shared_arena + offset) = bit_cast<u16>(value);
  else
    *reinterpret_cast<u8*>(shared_arena + offset) = bit_cast<u8>(value);
}
// The address in the shared state space, for instructions that take one (§6.4.1 cvta).
PT_DEVICE u32 shared_address(u32 offset) {
  return static_cast<u32>(__cvta_generic_to_shared(shared_arena + offset));
}

// ---- Global memory; V is a Vec or a scalar of 1, 2, 4, 8 or 16 bytes, aligned to its size ----

// Data that no thread of this launch writes; all zero bits where `valid` is false, and then the
// pointer is not followed (§9.7.9.8 ld.global.nc, predicated).
template <class V>
PT_DEVICE V global_load(const V* from, bool valid = true) {
  static_assert(sizeof(V) <= 16, "one access moves at most 16 bytes");
  const int go = valid;
  if constexpr (sizeof(V) == 16) {
    uint4 w;
    asm volatile(
        "{ .reg .pred p; setp.ne.b32 p, %5, 0; mov.b32 %0, 0; mov.b32 %1, 0; mov.b32 %2, 0;"
        " mov.b32 %3, 0; @p ld.global.nc.v4.b32 {%0, %1, %2, %3}, [%4]; }"
        : "=&r"(w.x), "=&r"(w.y), "=&r"(w.z), "=&r"(w.w) : "l"(from), "r"(go));
    return bit_cast<V>(w);
  } else if constexpr (sizeof(V) == 8) {
    uint2 w;
    asm volatile(
        "{ .reg .pred p; setp.ne.b32 p, %3, 0; mov.b32 %0, 0; mov.b32 %1, 0;"
        " @p ld.global.nc.v2.b32 {%0, %1}, [%2]; }"
        : "=&r"(w.x), "=&r"(w.y) : "l"(from), "r"(go));
    return bit_cast<V>(w);
  } else if constexpr (sizeof(V) == 4) {
    u32 w;
    asm volatile(
        "{ .reg .pred p; setp.ne.b32 p, %2, 0; mov.b32 %0, 0; @p ld.global.nc.b32 %0, [%1]; }"
        : "=&r"(w) : "l"(from), "r"(go));
    return bit_cast<V>(w);
  } else if constexpr (sizeof(V) == 2) {
    u16 w;
    asm volatile(
        "{ .reg .pred p; setp.ne.b32 p, %2, 0; mov.b16 %0, 0; @p ld.global.nc.b16 %0, [%1]; }"
        : "=&h"(w) : "l"(from), "r"(go));
    return bit_cast<V>(w);
  } else {
    u32 w;  // an 8-bit load extends into a wider register
    asm volatile(
        "{ .reg .pred p; setp.ne.b32 p, %2, 0; mov.b32 %0, 0; @p ld.global.nc.u8 %0, [%1]; }"
        : "=&r"(w) : "l"(from), "r"(go));
    return bit_cast<V>(static_cast<u8>(w));
  }
}
// The same where registers are short: equal loads may be one, and none moves across a barrier in front of
// it, as ptxas moves those above (§9.7.9.8 ld.global).
template <class V>
PT_DEVICE V global_load_in_place(const V* from, bool valid = true) {
  static_assert(sizeof(V) <= 16, "one access moves at most 16 bytes");
  const int go = valid;
  if constexpr (sizeof(V) == 16) {
    uint4 w;
    asm("{ .reg .pred p; setp.ne.b32 p, %5, 0; mov.b32 %0, 0; mov.b32 %1, 0; mov.b32 %2, 0;"
        " mov.b32 %3, 0; @p ld.global.v4.b32 {%0, %1, %2, %3}, [%4]; }"
        : "=&r"(w.x), "=&r"(w.y), "=&r"(w.z), "=&r"(w.w) : "l"(from), "r"(go));
    return bit_cast<V>(w);
  } else if constexpr (sizeof(V) == 8) {
    uint2 w;
    asm("{ .reg .pred p; setp.ne.b32 p, %3, 0; mov.b32 %0, 0; mov.b32 %1, 0;"
        " @p ld.global.v2.b32 {%0, %1}, [%2]; }"
        : "=&r"(w.x), "=&r"(w.y) : "l"(from), "r"(go));
    return bit_cast<V>(w);
  } else {
    u32 w;  // narrow loads extend into a wider register
    if constexpr (sizeof(V) == 4)
      asm("{ .reg .pred p; setp.ne.b32 p, %2, 0; mov.b32 %0, 0; @p ld.global.b32 %0, [%1]; }"
          : "=&r"(w) : "l"(from), "r"(go));
    else if constexpr (sizeof(V) == 2)
      asm("{ .reg .pred p; setp.ne.b32 p, %2, 0; mov.b32 %0, 0; @p ld.global.u16 %0, [%1]; }"
          : "=&r"(w) : "l"(from), "r"(go));
    else
      asm("{ .reg .pred p; setp.ne.b32 p, %2, 0; mov.b32 %0, 0; @p ld.global.u8 %0, [%1]; }"
          : "=&r"(w) : "l"(from), "r"(go));
    if constexpr (sizeof(V) == 4) return bit_cast<V>(w);
    else if constexpr (sizeof(V) == 2) return bit_cast<V>(static_cast<u16>(w));
    else return bit_cast<V>(static_cast<u8>(w));
  }
}
// Data that this launch wrote, after the fences that make it visible: past the L1 cache
// (§9.7.9.8 ld.global.cg).
template <class V>
PT_DEVICE V global_load_coherent(const V* from) {
  static_assert(sizeof(V) == 4 || sizeof(V) == 8 || sizeof(V) == 16, "4, 8 or 16 bytes");
  if constexpr (sizeof(V) == 16)
    return bit_cast<V>(__ldcg(reinterpret_cast<const uint4*>(from)));
  else if constexpr (sizeof(V) == 8)
    return bit_cast<V>(__ldcg(reinterpret_cast<const uint2*>(from)));
  else
    return bit_cast<V>(__ldcg(reinterpret_cast<const u32*>(from)));
}
// §9.7.9.11 st.global; nothing is written where `valid` is false.
template <class V>
PT_DEVICE void global_store(V* to, const V& value, bool valid = true) {
  static_assert(sizeof(V) <= 16, "one access moves at most 16 bytes");
  if (!valid) return;
  if constexpr (sizeof(V) == 16)
    *reinterpret_cast<uint4*>(to) = bit_cast<uint4>(value);
  else if constexpr (sizeof(V) == 8)
    *reinterpret_cast<uint2*>(to) = bit_cast<uint2>(value);
  else if constexpr (sizeof(V) == 4)
    *reinterpret_cast<u32*>(to) = bit_cast<u32>(value);
  else if constexpr (sizeof(V) == 2)
    *reinterpret_cast<u16*>(to) = bit_cast<u16>(value);
  else
    *reinterpret_cast<u8*>(to) = bit_cast<u8>(value);
}

// ---- Asynchronous copies to shared memory (§9.7.9.25.3 cp.async), sm_80 and later ----

// Starts a copy of Bytes (4, 8 or 16) to `offset`; where `valid` is false, zeros are written and
// `from` is not followed. Both are aligned to Bytes. Visible to the thread after cp_async_wait,
// to the block after a sync_block that follows it.
template <int Bytes>
PT_DEVICE void cp_async(u32 offset, const void* from, bool valid = true) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16, "cp.async moves 4, 8 or 16 bytes");
#if PT_ARCH >= 800
  const int source_bytes = valid ? Bytes : 0;
  if constexpr (Bytes == 16)
    asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(
                     shared_address(offset)), "l"(from), "r"(source_bytes));
  else
    asm volatile("cp.async.ca.shared.global.L2::128B [%0], [%1], %3, %2;" ::"r"(
                     shared_address(offset)), "l"(from), "r"(source_bytes), "n"(Bytes));
#endif
}
// Closes the thread's group of copies since the last commit (cp.async.commit_group).
PT_DEVICE void cp_async_commit() {
#if PT_ARCH >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
// Waits until at most Pending of this thread's groups are under way (cp.async.wait_group).
template <int Pending>
PT_DEVICE void cp_async_wait() {
#if PT_ARCH >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(Pending) : "memory");
#endif
}

// ---- Between blocks ----

// Returns the old value. Releases what this thread has seen, acquires what earlier adders
// released, over the whole device (§9.7.13.5 atom.acq_rel.gpu.add).
PT_DEVICE u32 atomic_add_acq_rel(u32* to, u32 value) {
  u32 old;
  asm volatile("atom.acq_rel.gpu.global.add.u32 %0, [%1], %2;"
               : "=r"(old) : "l"(to), "r"(value) : "memory");
  return old;
}
// §9.7.13.4 fence.acq_rel.gpu
PT_DEVICE void fence_device() { __threadfence(); }
// Waiting for another block: ld.acquire.gpu, to be called in a loop (§9.7.9.8).
PT_DEVICE u32 global_load_acquire(const u32* from) {
  u32 value;
  asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(from) : "memory");
  return value;
}
// §9.7.9.11 st.release.gpu
PT_DEVICE void global_store_release(u32* to, u32 value) {
  asm volatile("st.release.gpu.global.u32 [%0], %1;" ::"l"(to), "r"(value) : "memory");
}

}  // namespace pt

#include "perftune/arithmetic.cuh"
