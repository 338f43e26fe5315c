#include "executor/thread_pool.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "executor/cpu_cores.hpp"

namespace perftune {
namespace {

constexpr std::chrono::microseconds kActiveWait{200};

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

void pin(const std::vector<int>& processors) {
  if (processors.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu : processors) CPU_SET(cpu, &set);
  ::sched_setaffinity(0, sizeof set, &set);  // refused in some containers: then unpinned
}

// Spins until `done()` or for `active_wait`, looking at the clock only now and then.
template <typename Done>
bool spin(std::chrono::microseconds active_wait, Done done) {
  if (active_wait.count() == 0) return done();
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int i = 0; i < 256; ++i) {
      if (done()) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() - start < active_wait);
  return done();
}

}  // namespace

std::vector<int> processors_by_core() {
  CoreSplit split = split_by_core(kSysfsCpu, allowed_processors());
  split.first.insert(split.first.end(), split.siblings.begin(), split.siblings.end());
  return split.first;
}

ThreadPool::ThreadPool(int threads, std::vector<int> processors)
    : processors_(std::move(processors)) {
  const std::size_t available = allowed_processors().size();
  // Threads that share a processor would wait actively for one that cannot run meanwhile.
  if (static_cast<std::size_t>(std::max(threads, 1)) <= available) active_wait_ = kActiveWait;
  c_pool_.threads = std::max(threads, 1);
  c_pool_.context = this;
  c_pool_.run = [](void* context, int count, Task task, void* argument) {
    static_cast<ThreadPool*>(context)->run(count, task, argument);
  };
  if (!processors_.empty()) {
    callers_processors_ = allowed_processors();
    pin({processors_[0]});
  }
  for (int index = 1; index < threads; ++index) {
    helpers_.emplace_back([this, index] { help(index); });
  }
}

ThreadPool::~ThreadPool() {
  order_.task = nullptr;
  order_.epoch.fetch_add(1);
  order_.epoch.notify_all();
  for (std::thread& helper : helpers_) helper.join();
  pin(callers_processors_);
}

void ThreadPool::run(int count, Task task, void* argument) {
  const int threads = this->threads();
  const int helping = std::min(count, threads) - 1;
  if (helping > 0) {
    order_.count = count;
    order_.task = task;
    order_.argument = argument;
    busy_.store(threads - 1, std::memory_order_relaxed);
    // Sequentially consistent with `asleep`: a helper that goes to sleep sees either this epoch,
    // or is seen here.
    order_.epoch.fetch_add(1);
    if (order_.asleep.load() > 0) order_.epoch.notify_all();
  }
  for (int i = 0; i < count; i += threads) task(argument, i);
  if (helping <= 0) return;
  const auto done = [this] { return busy_.load(std::memory_order_acquire) == 0; };
  if (spin(active_wait_, done)) return;
  for (int left = busy_.load(); left != 0; left = busy_.load()) busy_.wait(left);
}

void ThreadPool::help(int index) {
  if (!processors_.empty())
    pin({processors_[static_cast<std::size_t>(index) % processors_.size()]});
  const int stride = c_pool_.threads;
  std::uint32_t seen = 0;
  for (;;) {
    if (!spin(active_wait_, [&] { return order_.epoch.load(std::memory_order_acquire) != seen; })) {
      order_.asleep.fetch_add(1);
      order_.epoch.wait(seen);
      order_.asleep.fetch_sub(1);
      if (order_.epoch.load() == seen) continue;
    }
    ++seen;  // runs do not overlap, so none is missed
    if (order_.task == nullptr) return;
    for (int i = index; i < order_.count; i += stride) order_.task(order_.argument, i);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
  }
}

}  // namespace perftune
