// The GPU's own record of when each kernel began and ended (CUPTI activity): the clock of record.
//
// Call order: start, before the process makes a context; then (clear, launches, wait for them,
// take)*. One per process, since CUPTI calls back without saying for whom; one thread asks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "executor/cupti.hpp"

namespace perftune {

class ActivityClock {
 public:
  // nullptr with `why_not` set: no CUPTI, another profiler is attached, or the driver refuses.
  static std::unique_ptr<ActivityClock> start(const LibrarySearch& search, std::string& why_not);
  ~ActivityClock();
  ActivityClock(const ActivityClock&) = delete;
  ActivityClock& operator=(const ActivityClock&) = delete;

  // Forgets what was recorded; everything in the stream has ended.
  void clear();

  // Kernels recorded since clear; everything in the stream has ended.
  int count();

  // Microseconds of all kernels since clear, by their own start and end; nullopt unless exactly
  // `kernels` were recorded.
  std::optional<double> take(int kernels);

 private:
  explicit ActivityClock(const LibrarySearch& search) : cupti_(search) {}
  static void requested(std::uint8_t** buffer, std::size_t* bytes, std::size_t* records);
  static void completed(void* context, std::uint32_t stream, std::uint8_t* buffer, std::size_t bytes,
                        std::size_t valid_bytes);
  void flush(std::uint32_t flag);

  cupti::Library cupti_;
  int kernels_ = 0;
  std::uint64_t total_ns_ = 0;
};

}  // namespace perftune
