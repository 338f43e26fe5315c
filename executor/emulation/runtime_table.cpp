#include "executor/emulation/runtime_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "executor/emulation/bank_conflicts.hpp"
#include "executor/emulation/grid_run.hpp"
#include "executor/emulation/hopper_table.hpp"

namespace perftune::emulation {

bool GridRun::barrier(unsigned id, unsigned threads, bool blocks, bool value) {
  count_step();
  NamedBarrier& barrier = block().barriers[id];
  const unsigned expected = threads == 0 ? threads_ : threads;
  if (barrier.expected == 0) barrier.expected = expected;
  if (barrier.expected != expected || expected > threads_)
    throw Defect{OutcomeKind::wrong_result,
                 fmt::format("barrier {} of {} threads is used for {} by {} (a block has {})", id,
                             barrier.expected, expected, here(), threads_)};
  return meet(barrier, expected, blocks, value, "barrier", id);
}

bool GridRun::meet(NamedBarrier& barrier, unsigned expected, bool blocks, bool value,
                   const char* name, unsigned id) {
  barrier.meeting.arrive(cluster_->clocks, thread_->index);
  barrier.any |= value;
  if (blocks) barrier.waiting.push_back(thread_->index);
  if (++barrier.arrived < expected) {
    if (!blocks) return false;
    wait(Thread::State::waiting, name, id);
    return barrier.last_any;  // this phase's: the next cannot complete without this thread
  }
  const KnowledgePtr known = barrier.meeting.close();
  for (const unsigned index : barrier.waiting) {
    cluster_->clocks.acquire(index, known);
    cluster_->threads[index].state = Thread::State::ready;
  }
  barrier.waiting.clear();
  barrier.last_any = barrier.any;
  barrier.any = false;
  barrier.arrived = 0;
  barrier.expected = 0;
  return barrier.last_any;
}

// True in the lane that completed the collective; the others return after it.
bool GridRun::warp_collective(const char* name, Combine combine, void* part) {
  count_step();
  const unsigned lane = thread_->view.thread % 32;
  Warp& warp = block().warps[thread_->view.thread / 32];
  if (warp.arrived.none()) {
    warp.name = name;
    warp.combine = combine;
  } else if (warp.combine != combine || std::string_view(warp.name) != name) {
    throw Defect{OutcomeKind::wrong_result,
                 fmt::format("warp diverged: {} is at {} while lane(s) {} of its warp wait at {}",
                             here(), name, warp.arrived.to_string(), warp.name)};
  }
  warp.arrived.set(lane);
  warp.parts[lane] = part;
  if (!warp.arrived.all()) {
    wait(Thread::State::waiting, name, thread_->view.thread / 32);
    return false;
  }
  void* lanes[32];
  std::copy(warp.parts.begin(), warp.parts.end(), lanes);
  if (combine != nullptr) combine(lanes);
  warp.arrived.reset();
  const unsigned first = thread_->index - lane;
  for (unsigned i = 0; i < 32; ++i) cluster_->threads[first + i].state = Thread::State::ready;
  return true;
}

void GridRun::copy_wait(std::size_t pending) {
  count_step();
  CopyQueue& queue = thread_->copies;
  if (queue.group_ends.size() <= pending) return;
  const std::size_t groups = queue.group_ends.size() - pending;
  const std::size_t copies = queue.group_ends[groups - 1];
  for (std::size_t i = 0; i < copies; ++i) {
    const PendingCopy& copy = queue.copies[i];
    block().shared.finish_copy(cluster_->clocks, thread_->index, copy.offset, copy.bytes,
                               copy.from);
  }
  queue.copies.erase(queue.copies.begin(),
                     queue.copies.begin() + static_cast<std::ptrdiff_t>(copies));
  queue.group_ends.erase(queue.group_ends.begin(),
                         queue.group_ends.begin() + static_cast<std::ptrdiff_t>(groups));
  for (std::size_t& end : queue.group_ends) end -= copies;
}

void* GridRun::shared(unsigned offset, unsigned bytes, Access access, const void* site) {
  count_step();
  if (options_.conflicts != nullptr) options_.conflicts->record(thread_->view, site, offset, bytes);
  SharedMemory& memory = block().shared;
  return access == Access::write ? memory.write(cluster_->clocks, thread_->index, offset, bytes)
                                 : memory.read(cluster_->clocks, thread_->index, offset, bytes);
}

// Gives the kernels' plain function pointers access to the run.
struct RuntimeTable {
  static GridRun& of(void* run) { return *static_cast<GridRun*>(run); }

  static void global(void* self, const void* at, unsigned bytes, Access access) {
    GridRun& run = of(self);
    run.count_step();
    // A load that waits for another thread must let it run.
    if (access == Access::acquire) run.wait(Thread::State::polling, "an acquiring load", 0);
    run.memory_.check({run.cluster_->clocks, run.thread_->index, run.thread_->view}, at, bytes,
                      access);
    if (run.cluster_->clocks.exhausted())
      fail(self, "more synchronisations than the emulator can order");
  }
  static void* shared(void* self, unsigned offset, unsigned bytes, Access access) {
    return of(self).shared(offset, bytes, access, __builtin_return_address(0));
  }
  static void copy_start(void* self, unsigned offset, const void* from, unsigned bytes,
                         bool valid) {
    GridRun& run = of(self);
    run.count_step();
    if (valid)
      run.memory_.check({run.cluster_->clocks, run.thread_->index, run.thread_->view}, from, bytes,
                        Access::read);
    run.block().shared.start_copy(run.cluster_->clocks, run.thread_->index, offset, bytes);
    run.thread_->copies.copies.push_back({offset, bytes, valid ? from : nullptr});
  }
  static void copy_commit(void* self) {
    CopyQueue& queue = of(self).thread_->copies;
    queue.group_ends.push_back(queue.copies.size());
  }
  static void copy_wait(void* self, unsigned pending) { of(self).copy_wait(pending); }
  static bool barrier(void* self, unsigned id, unsigned threads, bool blocks, bool value) {
    return of(self).barrier(id, threads, blocks, value);
  }
  static void warp(void* self, const char* name, Combine combine, void* part) {
    of(self).warp_collective(name, combine, part);
  }
  static void warp_barrier(void* self) {
    GridRun& run = of(self);
    Cluster& cluster = *run.cluster_;
    Thread& thread = *run.thread_;
    Meeting& meeting = run.block().warps[thread.view.thread / 32].meeting;
    meeting.arrive(cluster.clocks, thread.index);
    if (!run.warp_collective("sync_warp", nullptr, nullptr)) return;
    const KnowledgePtr known = meeting.close();
    const unsigned first = thread.index - thread.view.thread % 32;
    for (unsigned i = 0; i < 32; ++i) cluster.clocks.acquire(first + i, known);
  }
  static void multiply(void* self, MatrixMultiply& lane) { of(self).multiply(lane); }
  static void move_matrices(void* self, MatrixMove& lane) {
    of(self).move_matrices(lane, __builtin_return_address(0));
  }
  [[noreturn]] static void fail(void* self, const char* text) {
    throw Defect{OutcomeKind::wrong_result, fmt::format("{}; {}", text, of(self).here())};
  }
};

const Runtime& runtime_table() {
  static const Runtime table{
      RuntimeTable::global,        RuntimeTable::shared,       RuntimeTable::copy_start,
      RuntimeTable::copy_commit,   RuntimeTable::copy_wait,    RuntimeTable::barrier,
      RuntimeTable::warp,          RuntimeTable::warp_barrier, RuntimeTable::multiply,
      RuntimeTable::move_matrices, RuntimeTable::fail,         &hopper_table(),
  };
  return table;
}

}  // namespace perftune::emulation
