// The hardware counters that CUPTI knows of a chip, device or not (CUPTI's host profiler API), and the
// selection that perftune collects: DRAM, L2 and shared-memory traffic, pipe use, occupancy, stalls.
//
// Call order: any. One thread. Throws Error{unavailable} when CUPTI is older than 12.6 or does not know
// the chip.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "executor/cupti.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

struct Metric {
  std::string name;  // base name: a counter is asked for with a rollup, "dram__bytes_read.sum"
  cupti::MetricType type = cupti::MetricType::counter;
  std::string description;
  std::string unit;
};
std::string_view name(cupti::MetricType type);  // "counter" | "ratio" | "throughput"

// One counter that perftune collects.
struct CollectedMetric {
  std::string key;   // ours, stable: "dram_read_bytes", "stall_long_scoreboard"
  std::string name;  // CUPTI's on this chip, with its rollup
};

// CUPTI's name of the chip: "GH100". Empty for a compute capability that none of the catalogue has.
std::string chip_of(const Hardware& hardware);

class MetricCatalogue {
 public:
  // `availability`: a device's image of the counters that it grants; none without a device.
  MetricCatalogue(const cupti::Library& library, const std::string& chip,
                  std::vector<std::uint8_t> availability = {});
  ~MetricCatalogue();
  MetricCatalogue(const MetricCatalogue&) = delete;
  MetricCatalogue& operator=(const MetricCatalogue&) = delete;

  // By type, then by name.
  std::vector<Metric> metrics() const;
  // What may follow a name of that type: ".sum", ".avg.pct_of_peak_sustained_elapsed", ...
  std::vector<std::string> suffixes(const Metric& metric) const;
  // What this chip has of the selection.
  std::vector<CollectedMetric> collected() const;

  void* host() const { return host_; }
  void check(cupti::Result result, std::string_view doing) const;  // throws Error{unavailable}

 private:
  bool knows(const std::string& name) const;
  void describe(Metric& metric) const;

  const cupti::Library& library_;
  std::vector<std::uint8_t> availability_;  // CUPTI keeps a pointer to it
  void* host_ = nullptr;
};

}  // namespace perftune
