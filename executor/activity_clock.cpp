#include "executor/activity_clock.hpp"

#include <cstdlib>
#include <mutex>

#include "recipes/error.hpp"

namespace perftune {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;  // some thousand records
constexpr std::size_t kAlignment = 8;          // ACTIVITY_RECORD_ALIGNMENT
constexpr std::uint32_t kForced = 1;           // CUPTI_ACTIVITY_FLAG_FLUSH_FORCED: unfinished buffers too

// CUPTI's callbacks carry no pointer of ours and may come from a thread of its own.
std::mutex& guard() {
  static std::mutex mutex;
  return mutex;
}
ActivityClock*& running() {
  static ActivityClock* clock = nullptr;
  return clock;
}

}  // namespace

std::unique_ptr<ActivityClock> ActivityClock::start(const LibrarySearch& search, std::string& why_not) {
  std::unique_ptr<ActivityClock> clock;
  try {
    clock.reset(new ActivityClock(search));
  } catch (const Error& error) {
    why_not = error.what();
    return nullptr;
  }
  {
    const std::lock_guard lock(guard());
    if (running() != nullptr) {
      why_not = "this process already has a clock";
      return nullptr;
    }
    running() = clock.get();
  }
  cupti::Result result = clock->cupti_.activity_register(requested, completed);
  if (result == 0) result = clock->cupti_.activity_enable(cupti::kConcurrentKernel);
  if (result == 0) return clock;
  why_not = "CUPTI refuses activity records: " + clock->cupti_.error_text(result);
  return nullptr;
}

ActivityClock::~ActivityClock() {
  cupti_.activity_disable(cupti::kConcurrentKernel);
  cupti_.activity_flush(kForced);  // gives its buffers back while there is somebody to take them
  const std::lock_guard lock(guard());
  if (running() == this) running() = nullptr;
}

void ActivityClock::requested(std::uint8_t** buffer, std::size_t* bytes, std::size_t* records) {
  *buffer = static_cast<std::uint8_t*>(std::aligned_alloc(kAlignment, kBufferBytes));
  *bytes = *buffer == nullptr ? 0 : kBufferBytes;
  *records = 0;  // as many as fit
}

void ActivityClock::completed(void*, std::uint32_t, std::uint8_t* buffer, std::size_t,
                              std::size_t valid_bytes) {
  const std::lock_guard lock(guard());
  if (ActivityClock* clock = running(); clock != nullptr && valid_bytes > 0) {
    void* record = nullptr;
    while (clock->cupti_.activity_next(buffer, valid_bytes, &record) == 0) {
      const auto* kernel = static_cast<const cupti::KernelActivity*>(record);
      if (kernel->kind != cupti::kConcurrentKernel) continue;
      // Zero: CUPTI could not take the time of this one.
      if (kernel->start_ns == 0 || kernel->end_ns <= kernel->start_ns) continue;
      ++clock->kernels_;
      clock->total_ns_ += kernel->end_ns - kernel->start_ns;
    }
  }
  std::free(buffer);
}

void ActivityClock::flush(std::uint32_t flag) { cupti_.activity_flush(flag); }

void ActivityClock::clear() {
  flush(0);
  const std::lock_guard lock(guard());
  kernels_ = 0;
  total_ns_ = 0;
}

int ActivityClock::count() {
  flush(0);
  const auto so_far = [&] {
    const std::lock_guard lock(guard());
    return kernels_;
  };
  if (so_far() == 0) flush(kForced);
  return so_far();
}

std::optional<double> ActivityClock::take(int kernels) {
  if (count() < kernels) flush(kForced);
  const std::lock_guard lock(guard());
  if (kernels_ != kernels) return std::nullopt;
  return static_cast<double>(total_ns_) * 1e-3;
}

}  // namespace perftune
