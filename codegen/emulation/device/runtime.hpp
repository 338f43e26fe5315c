// The seam between a kernel that the host compiler made and the emulator that runs it.
//
// The kernel's shared object exports perftune_attachment(); the emulator fills what it points to
// before the launch and keeps `thread` naming the running thread. Everything that a GPU would do
// or forbid goes through the table `runtime`. A call may switch to another thread of the grid and
// return later; it does not return at all once a defect was found.
//
// Compiled both into shared objects (as an embedded text, without any standard header) and into
// the emulator, so the two cannot disagree.
#pragma once

namespace perftune::emulation {

// The address of the arena's first byte. Not 0, so that an offset given for an address is wrong
// here too: as on devices from sm_80 on, the system holds the first 1024 bytes.
inline constexpr unsigned shared_base = 1024;

enum class Access : unsigned {
  read,            // data that this launch may have written
  read_only_path,  // ld.global.nc: data that nothing in this launch writes
  write,
  acquire,          // ld.acquire.gpu
  release,          // st.release.gpu
  acquire_release,  // atom.acq_rel.gpu
};

// Where the running thread is. Indices are those of the CUDA built-ins.
struct ThreadView {
  unsigned thread = 0;  // threadIdx.x
  unsigned block[3] = {};
  unsigned block_threads = 0;
  unsigned grid[3] = {};
  unsigned cluster_rank = 0;  // of the block in its cluster
  unsigned cluster_blocks = 1;
};

// One lane's part of a warp collective; all lanes' parts are complete when `Combine` runs.
using Combine = void (*)(void* const (&lanes)[32]);

enum class Element : unsigned { f16, bf16, tf32, i8, u8, f8e4m3, f8e5m2 };

// mma.sync m x 8 x k: one lane's registers, elements packed from the low bits up. `c` is read and
// written: 32-bit floats or integers, or pairs of f16 where `half_sums`.
struct MatrixMultiply {
  Element a_element, b_element;
  unsigned m, k;
  bool half_sums;
  const unsigned* a;
  const unsigned* b;
  unsigned* c;
};

// ldmatrix and stmatrix of `count` 8x8 matrices of 16-bit elements; `offset`: this lane's row.
struct MatrixMove {
  unsigned offset;
  unsigned count;
  bool transposed;
  bool store;
  unsigned* registers;
};

struct HopperRuntime;  // hopper_runtime.hpp

struct Runtime {
  // Global memory: checks the access; the caller then performs it.
  void (*global)(void* run, const void* at, unsigned bytes, Access access);
  // Shared memory: checks the access to the arena and returns where the bytes are.
  void* (*shared)(void* run, unsigned offset, unsigned bytes, Access access);

  // cp.async: `from` is not followed where `valid` is false.
  void (*copy_start)(void* run, unsigned offset, const void* from, unsigned bytes, bool valid);
  void (*copy_commit)(void* run);
  void (*copy_wait)(void* run, unsigned pending);

  // bar.sync (wait) or bar.arrive; `threads` 0: the whole block. Returns whether any thread of
  // the barrier passed a true `value`.
  bool (*barrier)(void* run, unsigned id, unsigned threads, bool wait, bool value);
  // All 32 lanes meet; `combine` runs once over their parts. `name` tells collectives apart.
  void (*warp)(void* run, const char* name, Combine combine, void* part);
  // bar.warp.sync: as above, and orders the lanes' memory accesses.
  void (*warp_barrier)(void* run);

  void (*multiply)(void* run, MatrixMultiply& lane);
  void (*move_matrices)(void* run, MatrixMove& lane);

  [[noreturn]] void (*fail)(void* run, const char* text);
  const HopperRuntime* hopper;
};

struct Attachment {
  const Runtime* runtime = nullptr;
  void* run = nullptr;
  const ThreadView* thread = nullptr;
};

}  // namespace perftune::emulation
