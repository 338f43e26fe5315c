// What cupti_types.hpp declares is what CUPTI's headers say, where there are some; and the real library
// lists the metrics of a chip that is not here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executor/metric_catalogue.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

#if __has_include(<cupti_profiler_host.h>) && __has_include(<cupti_range_profiler.h>)
#include <cupti_activity.h>
#include <cupti_profiler_host.h>
#include <cupti_range_profiler.h>
#include <cupti_target.h>
#define PERFTUNE_HAS_CUPTI_HEADERS 1
#endif

namespace perftune {
namespace {

#ifdef PERFTUNE_HAS_CUPTI_HEADERS
static_assert(cupti::HostInitialize::end() == CUpti_Profiler_Host_Initialize_Params_STRUCT_SIZE);
static_assert(cupti::HostDeinitialize::end() == CUpti_Profiler_Host_Deinitialize_Params_STRUCT_SIZE);
static_assert(cupti::SupportedChips::end() == CUpti_Profiler_Host_GetSupportedChips_Params_STRUCT_SIZE);
static_assert(cupti::BaseMetrics::end() == CUpti_Profiler_Host_GetBaseMetrics_Params_STRUCT_SIZE);
static_assert(cupti::SubMetrics::end() == CUpti_Profiler_Host_GetSubMetrics_Params_STRUCT_SIZE);
static_assert(cupti::MetricProperties::end() == CUpti_Profiler_Host_GetMetricProperties_Params_STRUCT_SIZE);
static_assert(cupti::AddMetrics::end() == CUpti_Profiler_Host_ConfigAddMetrics_Params_STRUCT_SIZE);
static_assert(cupti::ConfigImageSize::end() == CUpti_Profiler_Host_GetConfigImageSize_Params_STRUCT_SIZE);
static_assert(cupti::ConfigImage::end() == CUpti_Profiler_Host_GetConfigImage_Params_STRUCT_SIZE);
static_assert(cupti::PassCount::end() == CUpti_Profiler_Host_GetNumOfPasses_Params_STRUCT_SIZE);
static_assert(cupti::Evaluate::end() == CUpti_Profiler_Host_EvaluateToGpuValues_Params_STRUCT_SIZE);
static_assert(cupti::ProfilerInitialize::end() == CUpti_Profiler_Initialize_Params_STRUCT_SIZE);
static_assert(cupti::CounterAvailability::end() == CUpti_Profiler_GetCounterAvailability_Params_STRUCT_SIZE);
static_assert(cupti::ChipName::end() == CUpti_Device_GetChipName_Params_STRUCT_SIZE);
static_assert(cupti::RangeEnable::end() == CUpti_RangeProfiler_Enable_Params_STRUCT_SIZE);
static_assert(cupti::RangeObject::end() == CUpti_RangeProfiler_Start_Params_STRUCT_SIZE);
static_assert(cupti::RangeConfig::end() == CUpti_RangeProfiler_SetConfig_Params_STRUCT_SIZE);
static_assert(offsetof(cupti::RangeConfig, pass) == offsetof(CUpti_RangeProfiler_SetConfig_Params, passIndex));
static_assert(cupti::RangeStop::end() == CUpti_RangeProfiler_Stop_Params_STRUCT_SIZE);
static_assert(cupti::RangePush::end() == CUpti_RangeProfiler_PushRange_Params_STRUCT_SIZE);
static_assert(cupti::RangeDecode::end() == CUpti_RangeProfiler_DecodeData_Params_STRUCT_SIZE);
static_assert(cupti::CounterDataSize::end() == CUpti_RangeProfiler_GetCounterDataSize_Params_STRUCT_SIZE);
static_assert(cupti::CounterDataInitialize::end() ==
              CUpti_RangeProfiler_CounterDataImage_Initialize_Params_STRUCT_SIZE);
static_assert(cupti::kConcurrentKernel == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
static_assert(cupti::kInsufficientPrivileges == CUPTI_ERROR_INSUFFICIENT_PRIVILEGES);
static_assert(cupti::kMultipleSubscribers == CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED);
static_assert(cupti::kMaxLimitReached == CUPTI_ERROR_MAX_LIMIT_REACHED);
static_assert(int(cupti::MetricType::throughput) == CUPTI_METRIC_TYPE_THROUGHPUT);
static_assert(CUPTI_AutoRange == 1 && CUPTI_KernelReplay == 2);
#if CUPTI_API_VERSION >= 130000
static_assert(offsetof(cupti::KernelActivity, start_ns) == offsetof(CUpti_ActivityKernel10, start));
static_assert(offsetof(cupti::KernelActivity, end_ns) == offsetof(CUpti_ActivityKernel10, end));
#endif
#endif

TEST(MetricCatalogue, EveryChipOfTheCatalogueHasWhatIsCollected) {
  std::optional<cupti::Library> cupti;
  try {
    cupti.emplace(std::vector<std::string>{std::string(PERFTUNE_SOURCE_DIR) + "/.deps/cuda/lib"});
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  if (!cupti->lists_metrics()) GTEST_SKIP() << cupti->path() << " is too old";
  for (const Hardware& hardware : hardware_catalogue()) {
    const MetricCatalogue catalogue(*cupti, chip_of(hardware));
    const auto metrics = catalogue.metrics();
    EXPECT_GT(metrics.size(), 1000u) << hardware.name;
    const auto collected = catalogue.collected();
    // DRAM, L2 and shared bytes, pipes, occupancy and stalls: each has its metric on every chip.
    for (const char* key : {"duration_ns", "dram_read_bytes", "dram_write_bytes", "l2_bytes", "shared_bytes",
                            "tensor_percent", "fma_percent", "occupancy_percent", "stall_long_scoreboard"}) {
      EXPECT_TRUE(std::ranges::any_of(collected, [&](const auto& metric) { return metric.key == key; }))
          << key << " on " << hardware.name;
    }
    // CUPTI can schedule all of them together.
    std::vector<const char*> names;
    for (const auto& metric : collected) names.push_back(metric.name.c_str());
    auto add = cupti::parameters<cupti::AddMetrics>();
    add.host = catalogue.host();
    add.names = names.data();
    add.count = names.size();
    EXPECT_EQ(cupti->host_add_metrics(&add), 0) << hardware.name;
    auto size = cupti::parameters<cupti::ConfigImageSize>();
    size.host = catalogue.host();
    EXPECT_EQ(cupti->host_config_size(&size), 0) << hardware.name;
    EXPECT_GT(size.bytes, 0u) << hardware.name;
  }
}

TEST(MetricCatalogue, AnUnknownChipIsUnavailable) {
  std::optional<cupti::Library> cupti;
  try {
    cupti.emplace(std::vector<std::string>{PERFTUNE_FAKE_CUDA_FOLDER});
  } catch (const Error& error) {
    FAIL() << error.what();
  }
  EXPECT_THROW(MetricCatalogue(*cupti, "XY999"), Error);
}

}  // namespace
}  // namespace perftune
