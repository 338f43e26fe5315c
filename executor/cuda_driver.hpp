// The CUDA driver, loaded at run time: one list of symbols, required or optional.
//
// Types and constants are declared here as cuda.h has them (the driver's binary interface is
// stable), so that building needs no toolkit; a test compares them with cuda.h where there is one.
// Functions are called as they are: callers turn results into words with error_text.
//
// Thread-safe once loaded. Throws Error{unavailable} when there is no driver, or one that lacks a
// required symbol.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "executor/vendor_library.hpp"

namespace perftune::cuda {

using Result = int;  // 0: success
using DeviceNumber = int;
using Pointer = std::uint64_t;
using Context = struct ContextHandle*;
using Module = struct ModuleHandle*;
using Function = struct FunctionHandle*;
using Stream = struct StreamHandle*;
using Event = struct EventHandle*;
using Graph = struct GraphHandle*;
using GraphRun = struct GraphRunHandle*;  // CUgraphExec

// CUdevice_attribute
enum class Attribute : int {
  clock_khz = 13,
  multiprocessors = 16,
  l2_bytes = 38,
  compute_major = 75,
  compute_minor = 76,
  shared_bytes_optin = 97,
};

// CUfunction_attribute
inline constexpr int kMaxDynamicSharedBytes = 8;
// CUlaunchAttributeID
inline constexpr std::uint32_t kClusterDimension = 4;

struct LaunchAttribute {
  std::uint32_t id = 0;
  std::uint32_t pad = 0;
  std::array<std::uint32_t, 16> value{};  // a union of 64 bytes; clusters use the first three
};

struct LaunchConfig {
  std::array<std::uint32_t, 3> grid{1, 1, 1};
  std::array<std::uint32_t, 3> block{1, 1, 1};
  std::uint32_t dynamic_shared_bytes = 0;
  Stream stream = nullptr;
  LaunchAttribute* attributes = nullptr;
  std::uint32_t attribute_count = 0;
};

using TensorMapWords = std::array<std::uint64_t, 16>;  // CUtensorMap, aligned to 64 bytes

class Driver {
 public:
  // `folders` are searched first (a fake in tests), then the loader's path. Initialises the driver.
  explicit Driver(std::span<const std::string> folders = {});

  // "CUDA_ERROR_ILLEGAL_ADDRESS (700)"
  std::string error_text(Result result) const;
  // The device is gone or unusable for every process: nothing of this run can go on.
  static bool device_lost(Result result);
  // The context is broken: every later call in this process fails with the same.
  static bool sticky(Result result);

  const std::string& path() const { return library_.path(); }
  int version = 0;  // 13000 for 13.0

  // Required.
  Result (*init)(unsigned flags);
  Result (*driver_version)(int*);
  Result (*error_name)(Result, const char**);
  Result (*device_count)(int*);
  Result (*device_get)(DeviceNumber*, int ordinal);
  Result (*device_name)(char*, int length, DeviceNumber);
  Result (*device_attribute)(int*, Attribute, DeviceNumber);
  Result (*device_memory)(std::size_t*, DeviceNumber);
  Result (*primary_retain)(Context*, DeviceNumber);
  Result (*primary_release)(DeviceNumber);
  Result (*set_current)(Context);
  Result (*synchronize)();
  Result (*allocate)(Pointer*, std::size_t);
  Result (*release)(Pointer);
  Result (*copy_in)(Pointer, const void*, std::size_t);
  Result (*copy_out)(void*, Pointer, std::size_t);
  Result (*fill)(Pointer, unsigned char, std::size_t);  // asynchronous to the host
  Result (*module_load)(Module*, const void* image);
  Result (*module_unload)(Module);
  Result (*module_function)(Function*, Module, const char*);
  Result (*function_attribute)(Function, int attribute, int value);
  Result (*event_create)(Event*, unsigned flags);
  Result (*event_destroy)(Event);
  Result (*event_record)(Event, Stream);
  Result (*event_synchronize)(Event);
  Result (*event_elapsed_ms)(float*, Event, Event);
  Result (*launch)(Function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared_bytes, Stream, void** params,
                   void** extra);
  // Optional: nullptr before CUDA 11.8 (no clusters then), 12.0 (no tensor maps) and 11.4.
  Result (*launch_ex)(const LaunchConfig*, Function, void** params, void** extra) = nullptr;
  Result (*tensor_map_encode)(TensorMapWords*, int data_type, std::uint32_t rank, Pointer,
                              const std::uint64_t* extents, const std::uint64_t* strides,
                              const std::uint32_t* box, const std::uint32_t* element_strides,
                              int interleave, int swizzle, int l2_promotion, int fill) = nullptr;
  Result (*device_uuid)(std::array<unsigned char, 16>*, DeviceNumber) = nullptr;
  // Optional: streams, and graphs captured from them (CUDA 11.4; all or none are used).
  Result (*fill_in_stream)(Pointer, unsigned char, std::size_t, Stream) = nullptr;
  Result (*stream_create)(Stream*, unsigned flags) = nullptr;
  Result (*stream_destroy)(Stream) = nullptr;
  Result (*capture_begin)(Stream, int mode) = nullptr;
  Result (*capture_end)(Stream, Graph*) = nullptr;
  Result (*graph_instantiate)(GraphRun*, Graph, unsigned long long flags) = nullptr;
  Result (*graph_launch)(GraphRun, Stream) = nullptr;
  Result (*graph_run_destroy)(GraphRun) = nullptr;
  Result (*graph_destroy)(Graph) = nullptr;
  bool has_graphs() const;

 private:
  VendorLibrary library_;
};

}  // namespace perftune::cuda
