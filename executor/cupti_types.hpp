// The parts of CUPTI's binary interface that perftune calls, declared as its headers have them (they
// are not ours to ship). A test compares sizes and offsets with the headers where there are some.
//
// Every parameter struct starts with its size, by which CUPTI knows which fields its caller knows:
// the end of the last field, not sizeof. parameters<T>() makes one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace perftune::cupti {

using Result = int;  // 0: success
inline constexpr Result kMaxLimitReached = 12;
inline constexpr Result kInsufficientPrivileges = 35;
inline constexpr Result kMultipleSubscribers = 39;

// CUpti_ActivityKind
inline constexpr int kConcurrentKernel = 10;

// What every CUpti_ActivityKernel4 (CUDA 9) and later starts with.
struct KernelActivity {
  int kind;
  std::uint8_t cache_config;
  std::uint8_t shared_memory_config;
  std::uint16_t registers_per_thread;
  int partitioned_requested;
  int partitioned_executed;
  std::uint64_t start_ns;
  std::uint64_t end_ns;
};

// CUpti_MetricType
enum class MetricType : int { counter = 0, ratio = 1, throughput = 2 };

struct HostInitialize {
  std::size_t size;
  void* priv;
  int profiler_type;  // 0: range profiler
  const char* chip;
  const std::uint8_t* counter_availability;
  void* host;
  static constexpr std::size_t end() { return offsetof(HostInitialize, host) + sizeof host; }
};
struct HostDeinitialize {
  std::size_t size;
  void* priv;
  void* host;
  static constexpr std::size_t end() { return offsetof(HostDeinitialize, host) + sizeof host; }
};
struct SupportedChips {
  std::size_t size;
  void* priv;
  std::size_t count;
  const char* const* names;
  static constexpr std::size_t end() { return offsetof(SupportedChips, names) + sizeof names; }
};
struct BaseMetrics {
  std::size_t size;
  void* priv;
  void* host;
  MetricType type;
  const char** names;
  std::size_t count;
  static constexpr std::size_t end() { return offsetof(BaseMetrics, count) + sizeof count; }
};
struct SubMetrics {
  std::size_t size;
  void* priv;
  void* host;
  MetricType type;
  const char* metric;
  std::size_t count;
  const char** names;
  static constexpr std::size_t end() { return offsetof(SubMetrics, names) + sizeof names; }
};
struct MetricProperties {
  std::size_t size;
  void* priv;
  void* host;
  const char* metric;
  const char* description;
  const char* hardware_unit;
  const char* dimension;
  MetricType type;
  static constexpr std::size_t end() { return offsetof(MetricProperties, type) + sizeof type; }
};
struct AddMetrics {
  std::size_t size;
  void* priv;
  void* host;
  const char** names;
  std::size_t count;
  static constexpr std::size_t end() { return offsetof(AddMetrics, count) + sizeof count; }
};
struct ConfigImageSize {
  std::size_t size;
  void* priv;
  void* host;
  std::size_t bytes;
  static constexpr std::size_t end() { return offsetof(ConfigImageSize, bytes) + sizeof bytes; }
};
struct ConfigImage {
  std::size_t size;
  void* priv;
  void* host;
  std::size_t bytes;
  std::uint8_t* image;
  static constexpr std::size_t end() { return offsetof(ConfigImage, image) + sizeof image; }
};
struct PassCount {
  std::size_t size;
  void* priv;
  std::size_t bytes;
  std::uint8_t* image;
  std::size_t passes;
  static constexpr std::size_t end() { return offsetof(PassCount, passes) + sizeof passes; }
};
struct Evaluate {
  std::size_t size;
  void* priv;
  void* host;
  const std::uint8_t* counter_data;
  std::size_t counter_data_bytes;
  std::size_t range;
  const char** names;
  std::size_t count;
  double* values;
  static constexpr std::size_t end() { return offsetof(Evaluate, values) + sizeof values; }
};

// On a device.
struct ProfilerInitialize {
  std::size_t size;
  void* priv;
  static constexpr std::size_t end() { return offsetof(ProfilerInitialize, priv) + sizeof priv; }
};
struct CounterAvailability {
  std::size_t size;
  void* priv;
  void* context;
  std::size_t bytes;
  std::uint8_t* image;
  static constexpr std::size_t end() { return offsetof(CounterAvailability, image) + sizeof image; }
};
struct ChipName {
  std::size_t size;
  void* priv;
  std::size_t device;
  const char* name;
  static constexpr std::size_t end() { return offsetof(ChipName, name) + sizeof name; }
};
struct RangeEnable {
  std::size_t size;
  void* priv;
  void* context;
  void* profiler;
  static constexpr std::size_t end() { return offsetof(RangeEnable, profiler) + sizeof profiler; }
};
struct RangeObject {  // Disable, Start, PopRange
  std::size_t size;
  void* priv;
  void* profiler;
  static constexpr std::size_t end() { return offsetof(RangeObject, profiler) + sizeof profiler; }
};
struct RangeConfig {
  std::size_t size;
  void* priv;
  void* profiler;
  std::size_t config_bytes;
  const std::uint8_t* config;
  std::size_t counter_data_bytes;
  std::uint8_t* counter_data;
  int range_mode;   // 2: named by the caller
  int replay_mode;  // 3: the caller repeats the work until every pass was submitted
  std::size_t max_ranges_per_pass;
  std::uint16_t nesting_levels;
  std::uint16_t min_nesting_level;
  std::size_t pass;
  std::uint16_t target_nesting_level;
  static constexpr std::size_t end() {
    return offsetof(RangeConfig, target_nesting_level) + sizeof target_nesting_level;
  }
};
struct RangeStop {
  std::size_t size;
  void* priv;
  void* profiler;
  std::size_t pass;
  std::size_t target_nesting_level;
  std::uint8_t all_passes_submitted;
  static constexpr std::size_t end() {
    return offsetof(RangeStop, all_passes_submitted) + sizeof all_passes_submitted;
  }
};
struct RangePush {
  std::size_t size;
  void* priv;
  void* profiler;
  const char* name;
  static constexpr std::size_t end() { return offsetof(RangePush, name) + sizeof name; }
};
struct RangeDecode {
  std::size_t size;
  void* priv;
  void* profiler;
  std::size_t dropped;
  static constexpr std::size_t end() { return offsetof(RangeDecode, dropped) + sizeof dropped; }
};
struct CounterDataSize {
  std::size_t size;
  void* priv;
  void* profiler;
  const char** names;
  std::size_t count;
  std::size_t max_ranges;
  std::uint32_t max_tree_nodes;
  std::size_t bytes;
  static constexpr std::size_t end() { return offsetof(CounterDataSize, bytes) + sizeof bytes; }
};
struct CounterDataInitialize {
  std::size_t size;
  void* priv;
  void* profiler;
  std::size_t bytes;
  std::uint8_t* image;
  static constexpr std::size_t end() { return offsetof(CounterDataInitialize, image) + sizeof image; }
};

template <typename Parameters>
Parameters parameters() {
  Parameters made{};
  made.size = Parameters::end();
  return made;
}

}  // namespace perftune::cupti
