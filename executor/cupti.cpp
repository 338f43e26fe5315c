#include "executor/cupti.hpp"

#include <fmt/format.h>

#include <vector>

namespace perftune::cupti {
namespace {

const std::vector<std::string>& library_names() {
  static const std::vector<std::string> names{"libcupti.so.13", "libcupti.so.12", "libcupti.so"};
  return names;
}

}  // namespace

Library::Library(const LibrarySearch& search) : library_("CUPTI", library_names(), search) {
  library_.bind_required(result_string, "cuptiGetResultString");
  library_.bind_required(activity_enable, "cuptiActivityEnable");
  library_.bind_required(activity_disable, "cuptiActivityDisable");
  library_.bind_required(activity_register, "cuptiActivityRegisterCallbacks");
  library_.bind_required(activity_flush, "cuptiActivityFlushAll");
  library_.bind_required(activity_next, "cuptiActivityGetNextRecord");

  library_.bind_optional(host_initialize, "cuptiProfilerHostInitialize");
  library_.bind_optional(host_deinitialize, "cuptiProfilerHostDeinitialize");
  library_.bind_optional(host_chips, "cuptiProfilerHostGetSupportedChips");
  library_.bind_optional(host_base_metrics, "cuptiProfilerHostGetBaseMetrics");
  library_.bind_optional(host_sub_metrics, "cuptiProfilerHostGetSubMetrics");
  library_.bind_optional(host_properties, "cuptiProfilerHostGetMetricProperties");
  library_.bind_optional(host_add_metrics, "cuptiProfilerHostConfigAddMetrics");
  library_.bind_optional(host_config_size, "cuptiProfilerHostGetConfigImageSize");
  library_.bind_optional(host_config, "cuptiProfilerHostGetConfigImage");
  library_.bind_optional(host_passes, "cuptiProfilerHostGetNumOfPasses");
  library_.bind_optional(host_evaluate, "cuptiProfilerHostEvaluateToGpuValues");

  library_.bind_optional(profiler_initialize, "cuptiProfilerInitialize");
  library_.bind_optional(counter_availability, "cuptiProfilerGetCounterAvailability");
  library_.bind_optional(chip_name, "cuptiDeviceGetChipName");
  library_.bind_optional(range_enable, "cuptiRangeProfilerEnable");
  library_.bind_optional(range_disable, "cuptiRangeProfilerDisable");
  library_.bind_optional(range_set_config, "cuptiRangeProfilerSetConfig");
  library_.bind_optional(range_start, "cuptiRangeProfilerStart");
  library_.bind_optional(range_stop, "cuptiRangeProfilerStop");
  library_.bind_optional(range_decode, "cuptiRangeProfilerDecodeData");
  library_.bind_optional(range_counter_data_size, "cuptiRangeProfilerGetCounterDataSize");
  library_.bind_optional(range_counter_data_initialize, "cuptiRangeProfilerCounterDataImageInitialize");
}

std::string Library::error_text(Result result) const {
  const char* text = nullptr;
  if (result_string(result, &text) != 0 || text == nullptr) text = "unknown CUPTI error";
  return fmt::format("{} ({})", text, result);
}

}  // namespace perftune::cupti
