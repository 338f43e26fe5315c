#include "executor/metric_catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "recipes/error.hpp"

namespace perftune {
namespace {

using cupti::MetricType;

struct Wanted {
  const char* key;
  const char* base;
  const char* suffix;
};

// Names are the same from Volta to Blackwell where the chip has the unit (gmma is Hopper's).
constexpr Wanted kWanted[] = {
    {"duration_ns", "gpu__time_duration", ".sum"},
    {"sm_cycles", "sm__cycles_elapsed", ".max"},
    {"dram_read_bytes", "dram__bytes_read", ".sum"},
    {"dram_write_bytes", "dram__bytes_write", ".sum"},
    {"dram_percent", "dram__throughput", ".avg.pct_of_peak_sustained_elapsed"},
    {"l2_bytes", "lts__t_bytes", ".sum"},
    {"l2_hit_percent", "lts__t_sector_hit_rate", ".pct"},
    {"l2_percent", "lts__throughput", ".avg.pct_of_peak_sustained_elapsed"},
    {"shared_bytes", "sm__sass_data_bytes_mem_shared", ".sum"},
    {"shared_wavefronts", "l1tex__data_pipe_lsu_wavefronts_mem_shared", ".sum"},
    {"bank_conflicts", "l1tex__data_bank_conflicts_pipe_lsu", ".sum"},
    {"tensor_percent", "sm__pipe_tensor_cycles_active", ".avg.pct_of_peak_sustained_elapsed"},
    {"fma_percent", "sm__pipe_fma_cycles_active", ".avg.pct_of_peak_sustained_elapsed"},
    {"sm_percent", "sm__throughput", ".avg.pct_of_peak_sustained_elapsed"},
    {"occupancy_percent", "sm__warps_active", ".avg.pct_of_peak_sustained_active"},
    {"issue_percent", "smsp__issue_active", ".avg.pct_of_peak_sustained_active"},
};

constexpr std::array kStalls = {
    "barrier",        "branch_resolving", "dispatch_stall",     "drain",    "gmma",
    "imc_miss",       "lg_throttle",      "long_scoreboard",    "membar",   "math_pipe_throttle",
    "mio_throttle",   "misc",             "no_instruction",     "not_selected",
    "short_scoreboard", "sleeping",       "tex_throttle",       "wait",
};

}  // namespace

std::string_view name(MetricType type) {
  return type == MetricType::counter ? "counter" : type == MetricType::ratio ? "ratio" : "throughput";
}

// Chips of one compute capability count alike; a present device tells its own name.
std::string chip_of(const Hardware& hardware) {
  switch (hardware.compute_capability) {
    case 70: return "GV100";
    case 75: return "TU104";
    case 80: return "GA100";
    case 86: return "GA102";
    case 89: return "AD102";
    case 90: return "GH100";
    case 100: return "GB100";
    case 120: return "GB202";
    default: return "";
  }
}

MetricCatalogue::MetricCatalogue(const cupti::Library& library, const std::string& chip,
                                 std::vector<std::uint8_t> availability)
    : library_(library), availability_(std::move(availability)) {
  if (!library_.lists_metrics())
    throw Error(ErrorKind::unavailable,
                library_.path() + " is older than CUDA 12.6: it cannot list counters");
  auto start = cupti::parameters<cupti::HostInitialize>();
  start.chip = chip.c_str();
  start.counter_availability = availability_.empty() ? nullptr : availability_.data();
  if (const cupti::Result result = library_.host_initialize(&start); result != 0)
    throw Error(ErrorKind::unavailable, fmt::format("{} does not know the chip {}: {}", library_.path(),
                                                    chip, library_.error_text(result)));
  host_ = start.host;
}

MetricCatalogue::~MetricCatalogue() {
  auto end = cupti::parameters<cupti::HostDeinitialize>();
  end.host = host_;
  if (library_.host_deinitialize != nullptr) library_.host_deinitialize(&end);
}

void MetricCatalogue::check(cupti::Result result, std::string_view doing) const {
  if (result == 0) return;
  throw Error(ErrorKind::unavailable,
              fmt::format("CUPTI: {}: {}", doing, library_.error_text(result)));
}

void MetricCatalogue::describe(Metric& metric) const {
  auto ask = cupti::parameters<cupti::MetricProperties>();
  ask.host = host_;
  ask.metric = metric.name.c_str();
  if (library_.host_properties == nullptr || library_.host_properties(&ask) != 0) return;
  if (ask.description != nullptr) metric.description = ask.description;
  if (ask.dimension != nullptr) metric.unit = ask.dimension;
}

std::vector<Metric> MetricCatalogue::metrics() const {
  std::vector<Metric> all;
  for (const MetricType type : {MetricType::counter, MetricType::ratio, MetricType::throughput}) {
    auto list = cupti::parameters<cupti::BaseMetrics>();
    list.host = host_;
    list.type = type;
    check(library_.host_base_metrics(&list), "listing metrics");
    std::vector<std::string> names(list.names, list.names + list.count);  // CUPTI reuses its list
    std::ranges::sort(names);
    for (std::string& base : names) {
      all.push_back({std::move(base), type, {}, {}});
      describe(all.back());
    }
  }
  return all;
}

std::vector<std::string> MetricCatalogue::suffixes(const Metric& metric) const {
  auto list = cupti::parameters<cupti::SubMetrics>();
  list.host = host_;
  list.type = metric.type;
  list.metric = metric.name.c_str();
  check(library_.host_sub_metrics(&list), "listing " + metric.name);
  return {list.names, list.names + list.count};
}

bool MetricCatalogue::knows(const std::string& base) const {
  auto ask = cupti::parameters<cupti::MetricProperties>();
  ask.host = host_;
  ask.metric = base.c_str();
  return library_.host_properties != nullptr && library_.host_properties(&ask) == 0;
}

std::vector<CollectedMetric> MetricCatalogue::collected() const {
  std::vector<CollectedMetric> found;
  for (const Wanted& wanted : kWanted) {
    if (knows(std::string(wanted.base) + wanted.suffix)) found.push_back({wanted.key, std::string(wanted.base) + wanted.suffix});
  }
  for (const char* reason : kStalls) {
    const std::string base = fmt::format("smsp__average_warps_issue_stalled_{}_per_issue_active", reason);
    if (knows(base + ".ratio")) found.push_back({fmt::format("stall_{}", reason), base + ".ratio"});
  }
  return found;
}

}  // namespace perftune
