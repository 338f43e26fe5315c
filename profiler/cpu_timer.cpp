#include "profiler/cpu_timer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace perftune {
namespace {

using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

// Twice the last-level cache, and every core's share more than twice its own caches.
std::size_t flush_bytes(const CpuLimits& cpu, int threads) {
  constexpr std::int64_t kUnknownCache = std::int64_t{32} << 20;
  const std::int64_t last = cpu.l3_bytes > 0 ? cpu.l3_bytes : kUnknownCache;
  return static_cast<std::size_t>(std::max(2 * last, 2 * threads * (cpu.l1_bytes + cpu.l2_bytes)));
}

}  // namespace

CpuTimer::CpuTimer(CpuDevice& device, const Policy& policy) : device_(device), policy_(policy) {
  if (policy.cold) {
    flush_.resize(flush_bytes(device.hardware().cpu, device.threads()) / sizeof(std::uint64_t));
  }
}

void CpuTimer::flush_caches() {
  // Read and written by the threads that run the kernel: their private caches hold it afterwards.
  device_.pool().run(
      device_.threads(),
      [](void* argument, int index) {
        auto* const self = static_cast<CpuTimer*>(argument);
        const std::size_t parts = static_cast<std::size_t>(self->device_.threads());
        const std::size_t size = self->flush_.size() / parts;
        std::uint64_t* const begin = self->flush_.data() + static_cast<std::size_t>(index) * size;
        for (std::size_t i = 0; i < size; ++i) begin[i] += 1;
      },
      this);
}

int CpuTimer::repeats(const PreparedKernel& kernel) {
  const auto start = Clock::now();
  std::int64_t calls = 0;
  double elapsed = 0;
  do {
    kernel.call();
    ++calls;
    elapsed = us_since(start);
  } while (elapsed < policy_.warmup_ms * 1e3);
  if (policy_.cold) return 1;
  const double per_call = elapsed / static_cast<double>(calls);
  return static_cast<int>(std::clamp(std::ceil(policy_.sample_us / per_call), 1.0, 1e6));
}

double CpuTimer::sample_us(const PreparedKernel& kernel, int repeats) {
  if (policy_.cold) flush_caches();
  const auto start = Clock::now();
  for (int i = 0; i < repeats; ++i) kernel.call();
  return us_since(start) / repeats;
}

StoppingRule CpuTimer::screen(const PreparedKernel& kernel) {
  StoppingRule rule(StoppingOptions::from(policy_));
  const int count = repeats(kernel);
  const auto start = Clock::now();
  for (;;) {
    const double us = sample_us(kernel, count);
    if (rule.add(us, us_since(start) * 1e-6) != StoppingRule::Verdict::more) return rule;
  }
}

}  // namespace perftune
