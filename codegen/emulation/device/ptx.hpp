// The emulator's "perftune/ptx.cuh": the same names with the same meaning, in host C++.
//
// codegen/cuda/ptx.cuh is the manual of every function here; comments say only what the emulator
// adds. All state is behind the run-time table (runtime.hpp), so this text stays small: it is
// compiled anew with every emitted kernel, and a standard header would quadruple that time.
#pragma once

#include "perftune/runtime.hpp"

#define PT_DEVICE inline __attribute__((always_inline))
#define PT_UNROLL
#define PT_NO_UNROLL
#define PT_CONSTANT static constexpr

// The emulator calls perftune_run_<name> once per thread, each on a fiber of its own.
#define PT_KERNEL(name, threads, min_blocks)                                                  \
  extern "C" void name(const Params& params);                                                 \
  extern "C" __attribute__((visibility("default"))) void perftune_run_##name(const void* p) { \
    name(*static_cast<const Params*>(p));                                                     \
  }                                                                                           \
  extern "C" void name(const Params& params)

#include "perftune/types.cuh"

namespace perftune::emulation {
static Attachment attachment;
PT_DEVICE const ThreadView& me() { return *attachment.thread; }
PT_DEVICE const Runtime& machine() { return *attachment.runtime; }
}  // namespace perftune::emulation

extern "C" __attribute__((visibility("default"))) perftune::emulation::Attachment*
perftune_attachment() {
  return &perftune::emulation::attachment;
}

namespace pt {

namespace emulation = ::perftune::emulation;
using emulation::Access;

inline constexpr bool has_cp_async = PT_ARCH >= 800;

// ---- Where am I ----

PT_DEVICE u32 thread_index() { return emulation::me().thread; }
PT_DEVICE u32 block_threads() { return emulation::me().block_threads; }
PT_DEVICE u32 lane_index() { return emulation::me().thread % 32; }
PT_DEVICE u32 block_index_x() { return emulation::me().block[0]; }
PT_DEVICE u32 block_index_y() { return emulation::me().block[1]; }
PT_DEVICE u32 block_index_z() { return emulation::me().block[2]; }
PT_DEVICE u32 grid_blocks_x() { return emulation::me().grid[0]; }
PT_DEVICE u32 grid_blocks_y() { return emulation::me().grid[1]; }
PT_DEVICE u32 grid_blocks_z() { return emulation::me().grid[2]; }

// ---- Waiting for other threads ----

PT_DEVICE void sync_block() {
  emulation::machine().barrier(emulation::attachment.run, 0, 0, true, false);
}
template <int Id, int Threads>
PT_DEVICE void sync_barrier() {
  static_assert(Id > 0 && Id < 16 && Threads % 32 == 0,
                "named barriers are 1 to 15, of whole warps");
  emulation::machine().barrier(emulation::attachment.run, Id, Threads, true, false);
}
template <int Id, int Threads>
PT_DEVICE void arrive_barrier() {
  static_assert(Id > 0 && Id < 16 && Threads % 32 == 0,
                "named barriers are 1 to 15, of whole warps");
  emulation::machine().barrier(emulation::attachment.run, Id, Threads, false, false);
}
PT_DEVICE void sync_warp() { emulation::machine().warp_barrier(emulation::attachment.run); }
PT_DEVICE bool sync_block_any(bool value) {
  return emulation::machine().barrier(emulation::attachment.run, 0, 0, true, value);
}

// ---- Shuffles ----

}  // namespace pt

namespace perftune::emulation {

template <class T>
struct ShufflePart {
  T value;
  int operand;
};
// What a lane reads from: the lane that Source(lane, operand) names, or itself where that lies
// outside the warp (PTX ISA 9.7.9.6: the destination then keeps the source's value).
template <class T, int (*Source)(int lane, int operand)>
void combine_shuffle(void* const (&lanes)[32]) {
  T values[32];
  for (int i = 0; i < 32; ++i) values[i] = static_cast<ShufflePart<T>*>(lanes[i])->value;
  for (int i = 0; i < 32; ++i) {
    auto& part = *static_cast<ShufflePart<T>*>(lanes[i]);
    const int from = Source(i, part.operand);
    part.value = from < 0 || from > 31 ? values[i] : values[from];
  }
}
template <class T, int (*Source)(int, int)>
T exchange(const char* name, T value, int operand) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
  ShufflePart<T> part{value, operand};
  machine().warp(attachment.run, name, &combine_shuffle<T, Source>, &part);
  return part.value;
}
inline int lane_named(int, int operand) { return operand & 31; }
inline int lane_xor(int lane, int operand) { return lane ^ operand; }
inline int lane_above(int lane, int operand) { return lane + operand; }
inline int lane_below(int lane, int operand) { return lane - operand; }

}  // namespace perftune::emulation

namespace pt {

template <class T>
PT_DEVICE T shuffle(T value, int lane) {
  return emulation::exchange<T, emulation::lane_named>("shuffle", value, lane);
}
template <class T>
PT_DEVICE T shuffle_xor(T value, int mask) {
  return emulation::exchange<T, emulation::lane_xor>("shuffle_xor", value, mask);
}
template <class T>
PT_DEVICE T shuffle_down(T value, int by) {
  return emulation::exchange<T, emulation::lane_above>("shuffle_down", value, by);
}
template <class T>
PT_DEVICE T shuffle_up(T value, int by) {
  return emulation::exchange<T, emulation::lane_below>("shuffle_up", value, by);
}
PT_DEVICE u32 warp_index() {
  return emulation::exchange<u32, emulation::lane_named>("warp_index", thread_index() / 32, 0);
}

// ---- Bits ----

template <class To, class From>
PT_DEVICE To bit_cast(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "bit_cast keeps the size");
  return __builtin_bit_cast(To, from);
}

// ---- Shared memory ----

template <class V>
PT_DEVICE V shared_load(u32 offset) {
  static_assert(sizeof(V) <= 16, "one access moves at most 16 bytes");
  V value;
  __builtin_memcpy(
      &value,
      emulation::machine().shared(emulation::attachment.run, offset, sizeof(V), Access::read),
      sizeof(V));
  return value;
}
template <class V>
PT_DEVICE void shared_store(u32 offset, const V& value) {
  static_assert(sizeof(V) <= 16, "one access moves at most 16 bytes");
  __builtin_memcpy(
      emulation::machine().shared(emulation::attachment.run, offset, sizeof(V), Access::write),
      &value, sizeof(V));
}
PT_DEVICE u32 shared_address(u32 offset) { return emulation::shared_base + offset; }

// ---- Global memory ----

template <class V>
PT_DEVICE V global_load(const V* from, bool valid = true) {
  static_assert(sizeof(V) <= 16, "one access moves at most 16 bytes");
  V value;
  if (!valid) {
    __builtin_memset(&value, 0, sizeof(V));
    return value;
  }
  emulation::machine().global(emulation::attachment.run, from, sizeof(V), Access::read_only_path);
  __builtin_memcpy(&value, from, sizeof(V));
  return value;
}
template <class V>
PT_DEVICE V global_load_in_place(const V* from, bool valid = true) {
  return global_load(from, valid);
}
template <class V>
PT_DEVICE V global_load_coherent(const V* from) {
  static_assert(sizeof(V) == 4 || sizeof(V) == 8 || sizeof(V) == 16, "4, 8 or 16 bytes");
  emulation::machine().global(emulation::attachment.run, from, sizeof(V), Access::read);
  V value;
  __builtin_memcpy(&value, from, sizeof(V));
  return value;
}
template <class V>
PT_DEVICE void global_store(V* to, const V& value, bool valid = true) {
  static_assert(sizeof(V) <= 16, "one access moves at most 16 bytes");
  if (!valid) return;
  emulation::machine().global(emulation::attachment.run, to, sizeof(V), Access::write);
  __builtin_memcpy(to, &value, sizeof(V));
}

// ---- Asynchronous copies to shared memory ----

template <int Bytes>
PT_DEVICE void cp_async(u32 offset, const void* from, bool valid = true) {
  static_assert(Bytes == 4 || Bytes == 8 || Bytes == 16, "cp.async moves 4, 8 or 16 bytes");
  if (!has_cp_async)
    emulation::machine().fail(emulation::attachment.run, "cp.async needs sm_80 or later");
  emulation::machine().copy_start(emulation::attachment.run, offset, from, Bytes, valid);
}
PT_DEVICE void cp_async_commit() {
  if (has_cp_async) emulation::machine().copy_commit(emulation::attachment.run);
}
template <int Pending>
PT_DEVICE void cp_async_wait() {
  if (has_cp_async) emulation::machine().copy_wait(emulation::attachment.run, Pending);
}

// ---- Between blocks ----

PT_DEVICE u32 atomic_add_acq_rel(u32* to, u32 value) {
  emulation::machine().global(emulation::attachment.run, to, 4, Access::acquire_release);
  const u32 old = *to;
  *to = old + value;
  return old;
}
// Orders what atomic_add_acq_rel, releasing stores and acquiring loads order by themselves.
PT_DEVICE void fence_device() {}
PT_DEVICE u32 global_load_acquire(const u32* from) {
  emulation::machine().global(emulation::attachment.run, from, 4, Access::acquire);
  return *static_cast<const volatile u32*>(from);
}
PT_DEVICE void global_store_release(u32* to, u32 value) {
  emulation::machine().global(emulation::attachment.run, to, 4, Access::release);
  *to = value;
}

}  // namespace pt

#include "perftune/arithmetic.cuh"
