#include "profiler/cuda_timer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <vector>

#include "profiler/statistics.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kShorterThanLaunchUs = 8;  // a host puts 100 to 200 thousand launches per second into a stream
constexpr int kMostNodes = 256;
constexpr int kCaptureThisThread = 1;  // CU_STREAM_CAPTURE_MODE_THREAD_LOCAL

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

}  // namespace

CudaTimer::CudaTimer(CudaDevice& device, const Policy& policy, ActivityClock* clock)
    : device_(device), policy_(policy), clock_(clock) {
  const cuda::Driver& driver = device_.driver();
  cuda::Result result = driver.event_create(&start_, 0);
  if (result == 0) result = driver.event_create(&stop_, 0);
  const std::size_t beyond = rotation_bytes(policy, device.hardware());
  turns_ = beyond > 0 && device.sets() * device.set_bytes() > beyond;
  if (result == 0 && policy.cold && !turns_) {
    flush_bytes_ = static_cast<std::size_t>(2 * device.hardware().l2_mib * (1 << 20));
    if (flush_bytes_ > 0) result = driver.allocate(&flush_, flush_bytes_);
  }
  if (result != 0) {
    throw Error(ErrorKind::unavailable,
                "no room on the device to time kernels: " + driver.error_text(result));
  }
}

std::size_t CudaTimer::rotation_bytes(const Policy& policy, const Hardware& hardware) {
  return policy.cold && policy.rotate ? static_cast<std::size_t>(2 * hardware.l2_mib * (1 << 20)) : 0;
}

CudaTimer::~CudaTimer() {
  const cuda::Driver& driver = device_.driver();
  if (flush_ != 0) driver.release(flush_);
  if (start_ != nullptr) driver.event_destroy(start_);
  if (stop_ != nullptr) driver.event_destroy(stop_);
}

CudaTimer::Batch CudaTimer::batch_now(const GpuWork& work, std::optional<Failure>& failure) {
  Batch batch{1, 1, nullptr};
  if (clock_ != nullptr) {
    // A driver may grant records and then give none: events are the clock of this work then.
    clock_->clear();
    if (!put_all(work, 1, failure)) return {};
    if (failure = device_.wait(); failure) return {};
    batch.kernels = clock_->count();
    if (batch.kernels < 1) clock_ = nullptr;
  }
  return batch;
}

CudaTimer::Batch CudaTimer::batch(const GpuWork& work, std::optional<Failure>& failure) {
  const auto start = Clock::now();
  const double warmup_us = policy_.warmup_ms * 1e3;
  int launches = 1;
  do {
    // Growing batches: one wait per launch would keep the device idle between them.
    const auto batch_start = Clock::now();
    for (int i = 0; i < launches && !failure; ++i) failure = work(nullptr);
    if (!failure) failure = device_.wait();
    if (failure) return {};
    if (us_since(batch_start) < warmup_us / 8 && launches < 1024) launches *= 2;
  } while (us_since(start) < warmup_us);
  Batch batch = batch_now(work, failure);
  if (failure) return {};
  if (policy_.cold && !turns_) return batch;
  const double us = sample_us(work, {std::min(launches, 64), batch.kernels, nullptr}, failure);
  if (failure) return {};
  if (us > 0)
    batch.launches = static_cast<int>(std::clamp(std::ceil(policy_.sample_us / std::max(us, 0.01)), 1.0, 1e5));
  if (clock_ == nullptr && us > 0 && us < kShorterThanLaunchUs && batch.launches > 1) {
    batch.launches = std::min(batch.launches, kMostNodes);
    batch.graph = capture(work, batch.launches);
  }
  return batch;
}

// nullptr where the driver has no graphs or the work does not let itself be captured.
std::shared_ptr<cuda::GraphRun> CudaTimer::capture(const GpuWork& work, int launches) {
  const cuda::Driver& driver = device_.driver();
  cuda::Stream stream = nullptr;
  if (!driver.has_graphs() || driver.stream_create(&stream, 0) != 0) return nullptr;
  cuda::Graph graph = nullptr;
  cuda::GraphRun exec = nullptr;
  bool good = driver.capture_begin(stream, kCaptureThisThread) == 0;
  for (int i = 0; i < launches && good; ++i) {
    good = !work(stream);
    next_turn();
  }
  device_.take_turn(0);
  good = driver.capture_end(stream, &graph) == 0 && good;
  good = good && driver.graph_instantiate(&exec, graph, 0) == 0;
  if (graph != nullptr) driver.graph_destroy(graph);
  driver.stream_destroy(stream);
  if (!good) return nullptr;
  return {new cuda::GraphRun(exec), [&driver](cuda::GraphRun* held) {
            driver.graph_run_destroy(*held);
            delete held;
          }};
}

void CudaTimer::next_turn() {
  if (turns_) device_.take_turn(device_.turn() + 1);
}

// Turns go on from sample to sample; checks that follow are about set 0.
bool CudaTimer::put_all(const GpuWork& work, int times, std::optional<Failure>& failure) {
  device_.take_turn(turn_);
  for (int i = 0; i < times && !failure; ++i) {
    failure = work(nullptr);
    next_turn();
  }
  turn_ = device_.turn();
  device_.take_turn(0);
  return !failure;
}

double CudaTimer::sample_us(const GpuWork& work, Batch batch,
                            std::optional<Failure>& failure) {
  const cuda::Driver& driver = device_.driver();
  const auto did = [&](cuda::Result result) {
    if (!failure) failure = device_.failure_of(result, "timing the kernel");
    return !failure;
  };
  if (clock_ != nullptr) clock_->clear();
  if (flush_ != 0 && !did(driver.fill(flush_, 0, flush_bytes_))) return 0;
  // The flush keeps the device busy while events and launches queue up behind it, so that a sample
  // holds no wait for the host.
  if (!did(driver.event_record(start_, nullptr))) return 0;
  if (batch.graph != nullptr ? !did(driver.graph_launch(*batch.graph, nullptr))
                             : !put_all(work, batch.launches, failure))
    return 0;
  if (!did(driver.event_record(stop_, nullptr))) return 0;
  if (!did(driver.event_synchronize(stop_))) return 0;
  float ms = 0;
  if (!did(driver.event_elapsed_ms(&ms, start_, stop_))) return 0;
  const double by_events = static_cast<double>(ms) * 1e3 / batch.launches;
  if (clock_ == nullptr) return by_events;
  const std::optional<double> recorded = clock_->take(batch.launches * batch.kernels);
  // A lost record loses the sample: the median of two clocks would be of neither.
  return recorded ? *recorded / batch.launches : std::numeric_limits<double>::quiet_NaN();
}

double CudaTimer::launch_us(const GpuWork& work, std::optional<Failure>& failure) {
  constexpr int kLaunches = 11;
  std::vector<double> times;
  for (int i = 0; i < kLaunches && !failure; ++i) {
    const auto start = Clock::now();
    if (put_all(work, 1, failure)) failure = device_.wait();
    times.push_back(us_since(start));
  }
  return failure ? 0 : median(times);
}

StoppingRule CudaTimer::screen(const GpuWork& work, std::optional<Failure>& failure) {
  StoppingRule rule(StoppingOptions::from(policy_));
  const Batch count = batch(work, failure);
  const auto start = Clock::now();
  while (!failure) {
    const double us = sample_us(work, count, failure);
    if (failure) break;
    if (rule.add(us, us_since(start) * 1e-6) != StoppingRule::Verdict::more) break;
  }
  return rule;
}

}  // namespace perftune
