#include "profiler/cuda_timer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "recipes/error.hpp"

namespace perftune {
namespace {

using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

}  // namespace

CudaTimer::CudaTimer(CudaDevice& device, const Policy& policy) : device_(device), policy_(policy) {
  const cuda::Driver& driver = device_.driver();
  cuda::Result result = driver.event_create(&start_, 0);
  if (result == 0) result = driver.event_create(&stop_, 0);
  if (result == 0 && policy.cold) {
    flush_bytes_ = static_cast<std::size_t>(2 * device.hardware().l2_mib * (1 << 20));
    if (flush_bytes_ > 0) result = driver.allocate(&flush_, flush_bytes_);
  }
  if (result != 0) {
    throw Error(ErrorKind::unavailable,
                "no room on the device to time kernels: " + driver.error_text(result));
  }
}

CudaTimer::~CudaTimer() {
  const cuda::Driver& driver = device_.driver();
  if (flush_ != 0) driver.release(flush_);
  if (start_ != nullptr) driver.event_destroy(start_);
  if (stop_ != nullptr) driver.event_destroy(stop_);
}

int CudaTimer::repeats(PreparedCudaKernel& kernel, std::optional<Failure>& failure) {
  const auto start = Clock::now();
  const double warmup_us = policy_.warmup_ms * 1e3;
  int batch = 1;
  do {
    // Growing batches: one wait per launch would keep the device idle between them.
    const auto batch_start = Clock::now();
    for (int i = 0; i < batch && !failure; ++i) failure = kernel.enqueue();
    if (!failure) failure = device_.wait();
    if (failure) return 0;
    if (us_since(batch_start) < warmup_us / 8 && batch < 1024) batch *= 2;
  } while (us_since(start) < warmup_us);
  if (policy_.cold) return 1;
  const double us = sample_us(kernel, std::min(batch, 64), failure);
  if (failure) return 0;
  return static_cast<int>(std::clamp(std::ceil(policy_.sample_us / std::max(us, 0.01)), 1.0, 1e5));
}

double CudaTimer::sample_us(PreparedCudaKernel& kernel, int repeats,
                            std::optional<Failure>& failure) {
  const cuda::Driver& driver = device_.driver();
  const auto did = [&](cuda::Result result) {
    if (!failure) failure = device_.failure_of(result, "timing the kernel");
    return !failure;
  };
  if (flush_ != 0 && !did(driver.fill(flush_, 0, flush_bytes_))) return 0;
  if (!did(driver.event_record(start_, nullptr))) return 0;
  for (int i = 0; i < repeats && !failure; ++i) failure = kernel.enqueue();
  if (failure || !did(driver.event_record(stop_, nullptr))) return 0;
  if (!did(driver.event_synchronize(stop_))) return 0;
  float ms = 0;
  if (!did(driver.event_elapsed_ms(&ms, start_, stop_))) return 0;
  return static_cast<double>(ms) * 1e3 / repeats;
}

StoppingRule CudaTimer::screen(PreparedCudaKernel& kernel, std::optional<Failure>& failure) {
  StoppingRule rule(StoppingOptions::from(policy_));
  const int count = repeats(kernel, failure);
  const auto start = Clock::now();
  while (!failure) {
    const double us = sample_us(kernel, count, failure);
    if (failure) break;
    if (rule.add(us, us_since(start) * 1e-6) != StoppingRule::Verdict::more) break;
  }
  return rule;
}

}  // namespace perftune
