// A libcupti.so.13 for the fake driver: activity records of the kernels that it ran, a small chip's
// metrics, and counters. `device` says how it goes wrong (FakeDevice::cupti, ::counters).
#include <algorithm>
#include <cstring>
#include <deque>
#include <iterator>
#include <vector>

#include "executor/cupti.hpp"
#include "fake_state.hpp"

namespace {

using namespace perftune;  // NOLINT
using cupti::Result;

struct Activity {
  cupti::BufferRequested requested = nullptr;
  cupti::BufferCompleted completed = nullptr;
  bool enabled = false;
  int seen = 0;
  std::vector<cupti::KernelActivity> pending;
};

Activity& activity() {
  static Activity instance;
  return instance;
}

// Records are longer than what perftune reads of them, as the real ones are.
constexpr std::size_t kRecordBytes = 160;

constexpr const char* kCounters[] = {"dram__bytes_read", "dram__bytes_write", "gpu__time_duration",
                                     "sm__warps_active"};
constexpr const char* kCounterSuffixes[] = {".sum", ".avg.pct_of_peak_sustained_active"};
constexpr const char* kRatios[] = {"lts__t_sector_hit_rate",
                                   "smsp__average_warps_issue_stalled_barrier_per_issue_active"};
constexpr const char* kRatioSuffixes[] = {".pct", ".ratio"};

bool known(const std::string& metric) {
  const auto in = [&](const auto& bases, const auto& suffixes) {
    return std::ranges::any_of(bases, [&](const char* base) {
      return metric == base || std::ranges::any_of(suffixes, [&](const char* suffix) {
               return metric == std::string(base) + suffix;
             });
    });
  };
  return in(kCounters, kCounterSuffixes) || in(kRatios, kRatioSuffixes);
}

std::string config() { return fake::read_device(fake::folder()).cupti; }

int fake_object = 0;  // CUPTI's handles point at it

}  // namespace

void fake::note_kernel(std::chrono::steady_clock::time_point start,
                       std::chrono::steady_clock::time_point end) {
  Activity& a = activity();
  if (!a.enabled || config() == "silent") return;
  if (config() == "lossy" && ++a.seen % 4 == 0) return;
  const auto ns = [](auto at) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
  };
  cupti::KernelActivity record{};
  record.kind = cupti::kConcurrentKernel;
  record.start_ns = ns(start);
  record.end_ns = ns(end);
  a.pending.push_back(record);
}

EXPORT Result cuptiGetResultString(Result result, const char** text) {
  *text = result == cupti::kInsufficientPrivileges ? "CUPTI_ERROR_INSUFFICIENT_PRIVILEGES"
          : result == cupti::kMultipleSubscribers  ? "CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED"
          : result == 0                            ? "CUPTI_SUCCESS"
                                                   : "CUPTI_ERROR_INVALID_PARAMETER";
  return 0;
}
EXPORT Result cuptiActivityRegisterCallbacks(cupti::BufferRequested requested,
                                             cupti::BufferCompleted completed) {
  activity().requested = requested;
  activity().completed = completed;
  return 0;
}
EXPORT Result cuptiActivityEnable(int kind) {
  if (kind != cupti::kConcurrentKernel || activity().requested == nullptr) return 1;
  if (config() == "refused") return cupti::kInsufficientPrivileges;
  if (config() == "busy") return cupti::kMultipleSubscribers;
  activity().enabled = true;
  return 0;
}
EXPORT Result cuptiActivityDisable(int) {
  activity().enabled = false;
  return 0;
}
EXPORT Result cuptiActivityFlushAll(std::uint32_t) {
  Activity& a = activity();
  std::vector<cupti::KernelActivity> pending = std::exchange(a.pending, {});
  for (std::size_t next = 0; next < pending.size();) {
    std::uint8_t* buffer = nullptr;
    std::size_t bytes = 0, most = 0, valid = 0;
    a.requested(&buffer, &bytes, &most);
    if (buffer == nullptr) return 1;
    for (; next < pending.size() && valid + kRecordBytes <= bytes; ++next, valid += kRecordBytes) {
      std::memset(buffer + valid, 0xEE, kRecordBytes);
      std::memcpy(buffer + valid, &pending[next], sizeof pending[next]);
    }
    a.completed(nullptr, 0, buffer, bytes, valid);
  }
  return 0;
}
EXPORT Result cuptiActivityGetNextRecord(std::uint8_t* buffer, std::size_t valid, void** record) {
  auto* const next = *record == nullptr ? buffer : static_cast<std::uint8_t*>(*record) + kRecordBytes;
  if (next + kRecordBytes > buffer + valid) return cupti::kMaxLimitReached;
  *record = next;
  return 0;
}

EXPORT Result cuptiProfilerHostInitialize(cupti::HostInitialize* p) {
  if (p->size != cupti::HostInitialize::end() || std::string(p->chip) != "GA100") return 1;
  p->host = &fake_object;
  return 0;
}
EXPORT Result cuptiProfilerHostDeinitialize(cupti::HostDeinitialize*) { return 0; }
EXPORT Result cuptiProfilerHostGetBaseMetrics(cupti::BaseMetrics* p) {
  static std::vector<const char*> list;
  list.clear();
  if (p->type == cupti::MetricType::counter) list.assign(std::begin(kCounters), std::end(kCounters));
  if (p->type == cupti::MetricType::ratio) list.assign(std::begin(kRatios), std::end(kRatios));
  p->names = list.data();
  p->count = list.size();
  return 0;
}
EXPORT Result cuptiProfilerHostGetSubMetrics(cupti::SubMetrics* p) {
  static std::vector<const char*> list;
  list.assign(std::begin(kCounterSuffixes), std::end(kCounterSuffixes));
  p->names = list.data();
  p->count = list.size();
  return 0;
}
EXPORT Result cuptiProfilerHostGetMetricProperties(cupti::MetricProperties* p) {
  if (!known(p->metric)) return 1;
  p->description = "a metric of the fake";
  p->dimension = "byte";
  return 0;
}
EXPORT Result cuptiProfilerHostConfigAddMetrics(cupti::AddMetrics* p) {
  return std::all_of(p->names, p->names + p->count, [](const char* metric) { return known(metric); }) ? 0 : 1;
}
EXPORT Result cuptiProfilerHostGetConfigImageSize(cupti::ConfigImageSize* p) {
  p->bytes = 64;
  return 0;
}
EXPORT Result cuptiProfilerHostGetConfigImage(cupti::ConfigImage* p) {
  std::memset(p->image, 0x11, p->bytes);
  return p->bytes == 64 ? 0 : 1;
}
EXPORT Result cuptiProfilerHostGetNumOfPasses(cupti::PassCount* p) {
  p->passes = 3;
  return p->image[0] == 0x11 ? 0 : 1;
}
EXPORT Result cuptiProfilerHostEvaluateToGpuValues(cupti::Evaluate* p) {
  if (p->counter_data[0] != 0x33) return 1;  // nothing was decoded into it
  for (std::size_t i = 0; i < p->count; ++i) p->values[i] = 100.0 + static_cast<double>(i);
  return 0;
}
EXPORT Result cuptiProfilerInitialize(cupti::ProfilerInitialize*) { return 0; }
EXPORT Result cuptiProfilerGetCounterAvailability(cupti::CounterAvailability* p) {
  p->bytes = 16;
  return p->context == nullptr ? 1 : 0;
}
EXPORT Result cuptiDeviceGetChipName(cupti::ChipName* p) {
  p->name = "GA100";
  return 0;
}

namespace {
std::uint8_t* counter_data = nullptr;
int launches_before = 0;
}  // namespace

EXPORT Result cuptiRangeProfilerEnable(cupti::RangeEnable* p) {
  if (fake::read_device(fake::folder()).counters == "refused") return cupti::kInsufficientPrivileges;
  p->profiler = &fake_object;
  return p->context == nullptr ? 1 : 0;
}
EXPORT Result cuptiRangeProfilerDisable(cupti::RangeObject*) { return 0; }
EXPORT Result cuptiRangeProfilerGetCounterDataSize(cupti::CounterDataSize* p) {
  p->bytes = 32;
  return p->max_tree_nodes >= p->max_ranges ? 0 : 1;
}
EXPORT Result cuptiRangeProfilerCounterDataImageInitialize(cupti::CounterDataInitialize* p) {
  std::memset(p->image, 0x22, p->bytes);
  return 0;
}
EXPORT Result cuptiRangeProfilerSetConfig(cupti::RangeConfig* p) {
  if (p->size != cupti::RangeConfig::end() || p->counter_data[0] != 0x22) return 1;
  counter_data = p->counter_data;
  return 0;
}
EXPORT Result cuptiRangeProfilerStart(cupti::RangeObject*) {
  launches_before = fake::state().launches;
  return 0;
}
EXPORT Result cuptiRangeProfilerStop(cupti::RangeStop* p) {
  p->all_passes_submitted = 1;
  return fake::state().launches == launches_before + 1 ? 0 : 1;  // one range: one kernel
}
EXPORT Result cuptiRangeProfilerDecodeData(cupti::RangeDecode*) {
  counter_data[0] = 0x33;
  return 0;
}
