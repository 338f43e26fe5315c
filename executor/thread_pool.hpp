// Pinned threads that wait actively, for kernels that last microseconds.
//
// How threads wait decides small sizes: a 64^3 product takes 2.9 us with active waiting and 48 us
// with passive (cpu_facts.md). A thread spins for about 200 us after its last task, then sleeps;
// with more threads than processors it sleeps at once.
//
// One caller at a time, always the thread that made the pool: it is thread 0 of every run and is
// pinned, too, until the pool is destroyed. Runs do not nest. Tasks must not throw.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "codegen/cpu/device/pool.hpp"

namespace perftune {

// Processors that this process may run on, one of each physical core first, siblings after.
std::vector<int> processors_by_core();

class ThreadPool {
 public:
  using Task = void (*)(void* argument, int index);

  // Thread i runs on processors[i % size]; an empty list pins nothing.
  explicit ThreadPool(int threads, std::vector<int> processors = processors_by_core());
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(helpers_.size()) + 1; }

  // task(argument, i) for every i in [0, count), task i on thread i % threads(); returns when all
  // are done.
  void run(int count, Task task, void* argument);

  // The same as the C structure that kernels take; valid as long as the pool.
  const PerftunePool* c_pool() const { return &c_pool_; }

 private:
  void help(int index);

  // What helpers read and what they write lie in different cache lines.
  struct alignas(64) {
    std::atomic<std::uint32_t> epoch{0};  // counts runs; odd or even does not matter
    std::atomic<int> asleep{0};
    int count = 0;
    Task task = nullptr;  // nullptr: helpers end
    void* argument = nullptr;
  } order_;
  alignas(64) std::atomic<int> busy_{0};

  std::chrono::microseconds active_wait_{0};
  std::vector<int> processors_;
  std::vector<int> callers_processors_;  // affinity to give back
  std::vector<std::thread> helpers_;
  PerftunePool c_pool_{};
};

}  // namespace perftune
