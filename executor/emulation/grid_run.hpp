// One launch in the emulator: every thread of the grid as a fiber, every rule checked.
//
// Blocks run one after another. When all threads of the resident ones wait for another block, the
// next is started beside them, as a GPU with room would; nothing left to start is a deadlock.
//
// One operating system thread; a run is used once. A defect ends the launch and is returned.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codegen/kernel.hpp"
#include "executor/emulation/block.hpp"
#include "executor/emulation/defect.hpp"
#include "executor/emulation/fiber.hpp"
#include "executor/emulation/global_memory.hpp"

namespace perftune::emulation {

class BankConflicts;

struct RunOptions {
  std::uint64_t max_steps = 400'000'000;  // accesses and waits of all threads; then "never ends"
  unsigned max_idle_rounds = 1000;        // rounds in which every runnable thread only polled
  BankConflicts* conflicts = nullptr;     // counts shared-memory conflicts when given
};

class GridRun {
 public:
  using Entry = void (*)(const void* params);

  GridRun(GlobalMemory& memory, Fibers& fibers, const RunOptions& options)
      : memory_(memory), fibers_(fibers), options_(options) {}

  // `attachment` is the kernel's; `params` points to a copy of its parameter.
  std::optional<Defect> run(Attachment& attachment, Entry entry, const void* params,
                            const Launch& launch);

 private:
  friend struct RuntimeTable;  // the functions that kernels call
  friend struct HopperTable;

  void start_cluster();
  bool step(Cluster& cluster);  // resumes each ready thread once; whether any did more than poll
  void check_end(const Cluster& cluster);
  [[noreturn]] void report_deadlock() const;
  static void thread_body(void* self);

  // Called on the running thread's fiber.
  void count_step();
  void wait(Thread::State state, std::string_view at, unsigned id);
  bool barrier(unsigned id, unsigned threads, bool blocks, bool value);
  // One phase of a barrier at which `expected` threads meet; whether any value was true.
  bool meet(NamedBarrier& barrier, unsigned expected, bool blocks, bool value, const char* name,
            unsigned id);
  bool warp_collective(const char* name, Combine combine, void* part);
  void copy_wait(std::size_t pending);
  void multiply(MatrixMultiply& lane);
  void move_matrices(MatrixMove& lane, const void* site);
  void move_matrices_of(MatrixMove* const (&lanes)[32], const void* site);
  Block& block() { return cluster_->blocks[thread_->block]; }
  void* shared(unsigned offset, unsigned bytes, Access access, const void* site);
  std::string here() const;

  GlobalMemory& memory_;
  Fibers& fibers_;
  RunOptions options_;
  Attachment* attachment_ = nullptr;
  Entry entry_ = nullptr;
  const void* params_ = nullptr;
  Launch launch_;
  unsigned threads_ = 0;  // per block
  unsigned cluster_blocks_ = 1;
  std::uint64_t clusters_ = 0;  // of the grid
  std::uint64_t next_cluster_ = 0;
  std::vector<std::unique_ptr<Cluster>> resident_;
  Cluster* cluster_ = nullptr;  // of the running thread
  Thread* thread_ = nullptr;    // the running thread
  std::uint64_t steps_ = 0;
  std::optional<Defect> defect_;
};

}  // namespace perftune::emulation
