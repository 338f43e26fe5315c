// CUPTI, loaded at run time: one list of symbols. What times kernels (activity records) is required;
// the host profiler and the range profiler came with CUDA 12.6 and are optional: nullptr when absent.
//
// Thread-safe once loaded. Throws Error{unavailable} when there is no CUPTI, or one that lacks a
// required symbol. Functions are called as they are: callers turn results into words with error_text.
#pragma once

#include <string>

#include "executor/cupti_types.hpp"
#include "executor/vendor_library.hpp"

namespace perftune::cupti {

using BufferRequested = void (*)(std::uint8_t** buffer, std::size_t* bytes, std::size_t* records);
using BufferCompleted = void (*)(void* context, std::uint32_t stream, std::uint8_t* buffer,
                                 std::size_t bytes, std::size_t valid_bytes);

class Library {
 public:
  explicit Library(const LibrarySearch& search);

  // "CUPTI_ERROR_INSUFFICIENT_PRIVILEGES (35)"
  std::string error_text(Result result) const;
  const std::string& path() const { return library_.path(); }
  bool lists_metrics() const { return host_initialize != nullptr; }
  bool counts() const { return lists_metrics() && range_enable != nullptr; }

  // Required.
  Result (*result_string)(Result, const char**);
  Result (*activity_enable)(int kind);
  Result (*activity_disable)(int kind);
  Result (*activity_register)(BufferRequested, BufferCompleted);
  Result (*activity_flush)(std::uint32_t flag);
  Result (*activity_next)(std::uint8_t* buffer, std::size_t valid_bytes, void** record);

  // Optional: metrics of any chip, without a device.
  Result (*host_initialize)(HostInitialize*) = nullptr;
  Result (*host_deinitialize)(HostDeinitialize*) = nullptr;
  Result (*host_chips)(SupportedChips*) = nullptr;
  Result (*host_base_metrics)(BaseMetrics*) = nullptr;
  Result (*host_sub_metrics)(SubMetrics*) = nullptr;
  Result (*host_properties)(MetricProperties*) = nullptr;
  Result (*host_add_metrics)(AddMetrics*) = nullptr;
  Result (*host_config_size)(ConfigImageSize*) = nullptr;
  Result (*host_config)(ConfigImage*) = nullptr;
  Result (*host_passes)(PassCount*) = nullptr;
  Result (*host_evaluate)(Evaluate*) = nullptr;

  // Optional: counters of a device.
  Result (*profiler_initialize)(ProfilerInitialize*) = nullptr;
  Result (*counter_availability)(CounterAvailability*) = nullptr;
  Result (*chip_name)(ChipName*) = nullptr;
  Result (*range_enable)(RangeEnable*) = nullptr;
  Result (*range_disable)(RangeObject*) = nullptr;
  Result (*range_set_config)(RangeConfig*) = nullptr;
  Result (*range_start)(RangeObject*) = nullptr;
  Result (*range_stop)(RangeStop*) = nullptr;
  Result (*range_decode)(RangeDecode*) = nullptr;
  Result (*range_counter_data_size)(CounterDataSize*) = nullptr;
  Result (*range_counter_data_initialize)(CounterDataInitialize*) = nullptr;

 private:
  VendorLibrary library_;
};

}  // namespace perftune::cupti
