#include "executor/range_counters.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>

#include "executor/metric_catalogue.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using cupti::parameters;
using cupti::Result;

constexpr int kAutoRange = 1;     // one range per kernel
constexpr int kKernelReplay = 2;  // CUPTI runs the kernel again for each pass

struct Refused {
  std::string why;
};

class Session {
 public:
  Session(const cupti::Library& library, void* context) : library_(library), context_(context) {}
  ~Session() {
    if (profiler_ == nullptr) return;
    auto end = parameters<cupti::RangeObject>();
    end.profiler = profiler_;
    library_.range_disable(&end);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  CounterReading read(std::size_t device, const std::function<void()>& launch) {
    auto start = parameters<cupti::ProfilerInitialize>();
    check(library_.profiler_initialize(&start), "starting the profiler");
    CounterReading reading;
    auto chip = parameters<cupti::ChipName>();
    chip.device = device;
    check(library_.chip_name(&chip), "naming the chip");
    reading.chip = chip.name;
    const MetricCatalogue catalogue(library_, reading.chip, availability());
    std::vector<CollectedMetric> metrics = catalogue.collected();
    std::vector<const char*> names;
    for (const CollectedMetric& metric : metrics) names.push_back(metric.name.c_str());
    const std::vector<std::uint8_t> config = make_config(catalogue, names, reading.passes);

    auto enable = parameters<cupti::RangeEnable>();
    enable.context = context_;
    check(library_.range_enable(&enable), "attaching to the device");
    profiler_ = enable.profiler;
    std::vector<std::uint8_t> data = make_counter_data(names);
    collect(config, data, launch);
    reading.counters = evaluate(catalogue, std::move(metrics), names, data);
    return reading;
  }

 private:
  void check(Result result, const char* doing) const {
    if (result == 0) return;
    const std::string why = fmt::format("{}: {}", doing, library_.error_text(result));
    if (result == cupti::kInsufficientPrivileges || result == 40 /* the same, virtualised */)
      throw Refused{why};
    throw Error(ErrorKind::unavailable, "CUPTI: " + why);
  }

  // Which counters this device grants; none told: CUPTI goes by the chip.
  std::vector<std::uint8_t> availability() const {
    if (library_.counter_availability == nullptr) return {};
    auto ask = parameters<cupti::CounterAvailability>();
    ask.context = context_;
    check(library_.counter_availability(&ask), "asking which counters are granted");
    std::vector<std::uint8_t> image(ask.bytes);
    ask.image = image.data();
    check(library_.counter_availability(&ask), "asking which counters are granted");
    return image;
  }

  std::vector<std::uint8_t> make_config(const MetricCatalogue& catalogue, std::vector<const char*>& names,
                                        std::size_t& passes) const {
    auto add = parameters<cupti::AddMetrics>();
    add.host = catalogue.host();
    add.names = names.data();
    add.count = names.size();
    check(library_.host_add_metrics(&add), "choosing counters");
    auto size = parameters<cupti::ConfigImageSize>();
    size.host = catalogue.host();
    check(library_.host_config_size(&size), "scheduling counters");
    std::vector<std::uint8_t> image(size.bytes);
    auto get = parameters<cupti::ConfigImage>();
    get.host = catalogue.host();
    get.bytes = image.size();
    get.image = image.data();
    check(library_.host_config(&get), "scheduling counters");
    auto count = parameters<cupti::PassCount>();
    count.bytes = image.size();
    count.image = image.data();
    check(library_.host_passes(&count), "counting passes");
    passes = count.passes;
    return image;
  }

  std::vector<std::uint8_t> make_counter_data(std::vector<const char*>& names) const {
    auto size = parameters<cupti::CounterDataSize>();
    size.profiler = profiler_;
    size.names = names.data();
    size.count = names.size();
    size.max_ranges = 1;
    size.max_tree_nodes = 1;
    check(library_.range_counter_data_size(&size), "sizing the counters");
    std::vector<std::uint8_t> image(size.bytes);
    auto init = parameters<cupti::CounterDataInitialize>();
    init.profiler = profiler_;
    init.bytes = image.size();
    init.image = image.data();
    check(library_.range_counter_data_initialize(&init), "preparing the counters");
    return image;
  }

  void collect(const std::vector<std::uint8_t>& config, std::vector<std::uint8_t>& data,
               const std::function<void()>& launch) const {
    auto set = parameters<cupti::RangeConfig>();
    set.profiler = profiler_;
    set.config_bytes = config.size();
    set.config = config.data();
    set.counter_data_bytes = data.size();
    set.counter_data = data.data();
    set.range_mode = kAutoRange;
    set.replay_mode = kKernelReplay;
    set.max_ranges_per_pass = 1;
    set.nesting_levels = 1;
    set.min_nesting_level = 1;
    set.pass = 0;
    set.target_nesting_level = 1;
    check(library_.range_set_config(&set), "configuring the counters");
    auto object = parameters<cupti::RangeObject>();
    object.profiler = profiler_;
    check(library_.range_start(&object), "starting the counters");
    launch();
    auto stop = parameters<cupti::RangeStop>();
    stop.profiler = profiler_;
    check(library_.range_stop(&stop), "stopping the counters");
    auto decode = parameters<cupti::RangeDecode>();
    decode.profiler = profiler_;
    check(library_.range_decode(&decode), "reading the counters");
  }

  std::vector<CollectedCounter> evaluate(const MetricCatalogue& catalogue, std::vector<CollectedMetric> metrics,
                                         std::vector<const char*>& names,
                                         const std::vector<std::uint8_t>& data) const {
    std::vector<double> values(names.size());
    auto ask = parameters<cupti::Evaluate>();
    ask.host = catalogue.host();
    ask.counter_data = data.data();
    ask.counter_data_bytes = data.size();
    ask.range = 0;
    ask.names = names.data();
    ask.count = names.size();
    ask.values = values.data();
    check(library_.host_evaluate(&ask), "evaluating the counters");
    std::vector<CollectedCounter> counters;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      if (!std::isfinite(values[i])) continue;  // a ratio of nothing to nothing
      counters.push_back({std::move(metrics[i].key), std::move(metrics[i].name), values[i]});
    }
    return counters;
  }

  const cupti::Library& library_;
  void* context_;
  void* profiler_ = nullptr;
};

}  // namespace

CounterReading read_counters(const cupti::Library& library, std::size_t device, void* context,
                             const std::function<void()>& launch) {
  if (!library.counts())
    throw Error(ErrorKind::unavailable, library.path() + " is older than CUDA 12.6: it cannot read counters");
  try {
    return Session(library, context).read(device, launch);
  } catch (const Refused& refused) {
    CounterReading reading;
    reading.refused = refused.why +
                      "; the driver keeps counters for administrators: run as root, or load the NVIDIA "
                      "kernel module with NVreg_RestrictProfilingToAdminUsers=0";
    return reading;
  }
}

}  // namespace perftune
