#include "executor/cuda_driver.hpp"

#include <vector>

#include "recipes/error.hpp"
#include "recipes/words.hpp"

namespace perftune::cuda {
namespace {

const std::vector<std::string>& library_names() {
  static const std::vector<std::string> names{"libcuda.so.1"};  // libcuda.so may be a stub
  return names;
}

}  // namespace

Driver::Driver(std::span<const std::string> folders)
    : library_("the CUDA driver", library_names(), std::vector<std::string>(folders.begin(), folders.end())) {
  const auto required = [&](auto& function, const char* symbol) { library_.bind_required(function, symbol); };
  const auto optional = [&](auto& function, const char* symbol) { library_.bind_optional(function, symbol); };
  required(init, "cuInit");
  required(driver_version, "cuDriverGetVersion");
  required(error_name, "cuGetErrorName");
  required(device_count, "cuDeviceGetCount");
  required(device_get, "cuDeviceGet");
  required(device_name, "cuDeviceGetName");
  required(device_attribute, "cuDeviceGetAttribute");
  required(device_memory, "cuDeviceTotalMem_v2");
  required(primary_retain, "cuDevicePrimaryCtxRetain");
  required(primary_release, "cuDevicePrimaryCtxRelease_v2");
  required(set_current, "cuCtxSetCurrent");
  required(synchronize, "cuCtxSynchronize");
  required(allocate, "cuMemAlloc_v2");
  required(release, "cuMemFree_v2");
  required(copy_in, "cuMemcpyHtoD_v2");
  required(copy_out, "cuMemcpyDtoH_v2");
  required(fill, "cuMemsetD8_v2");
  required(module_load, "cuModuleLoadData");
  required(module_unload, "cuModuleUnload");
  required(module_function, "cuModuleGetFunction");
  required(function_attribute, "cuFuncSetAttribute");
  required(event_create, "cuEventCreate");
  required(event_destroy, "cuEventDestroy_v2");
  required(event_record, "cuEventRecord");
  required(event_synchronize, "cuEventSynchronize");
  required(event_elapsed_ms, "cuEventElapsedTime");
  required(launch, "cuLaunchKernel");
  optional(launch_ex, "cuLaunchKernelEx");
  optional(tensor_map_encode, "cuTensorMapEncodeTiled");
  optional(device_uuid, "cuDeviceGetUuid_v2");
  optional(fill_in_stream, "cuMemsetD8Async");
  optional(stream_create, "cuStreamCreate");
  optional(stream_destroy, "cuStreamDestroy_v2");
  optional(capture_begin, "cuStreamBeginCapture_v2");
  optional(capture_end, "cuStreamEndCapture");
  optional(graph_instantiate, "cuGraphInstantiateWithFlags");
  optional(graph_launch, "cuGraphLaunch");
  optional(graph_run_destroy, "cuGraphExecDestroy");
  optional(graph_destroy, "cuGraphDestroy");

  const Result result = init(0);
  if (result != 0) {
    throw Error(ErrorKind::unavailable,
                words("no usable GPU: {} ({})", error_text(result), path()));
  }
  driver_version(&version);
}

bool Driver::has_graphs() const {
  return stream_create != nullptr && stream_destroy != nullptr && capture_begin != nullptr && capture_end != nullptr &&
         graph_instantiate != nullptr && graph_launch != nullptr && graph_run_destroy != nullptr && graph_destroy != nullptr;
}

std::string Driver::error_text(Result result) const {
  const char* text = nullptr;
  if (error_name(result, &text) != 0 || text == nullptr) text = "unknown CUDA error";
  return words("{} ({})", text, result);
}

bool Driver::device_lost(Result result) {
  switch (result) {
    case 46:   // CUDA_ERROR_DEVICE_UNAVAILABLE
    case 100:  // CUDA_ERROR_NO_DEVICE
    case 101:  // CUDA_ERROR_INVALID_DEVICE
    case 214:  // CUDA_ERROR_ECC_UNCORRECTABLE
    case 220:  // CUDA_ERROR_NVLINK_UNCORRECTABLE
    case 802:  // CUDA_ERROR_SYSTEM_NOT_READY
    case 803:  // CUDA_ERROR_SYSTEM_DRIVER_MISMATCH
    case 999:  // CUDA_ERROR_UNKNOWN: what a GPU that fell off the bus answers
      return true;
    default:
      return false;
  }
}

bool Driver::sticky(Result result) {
  switch (result) {
    case 700:  // CUDA_ERROR_ILLEGAL_ADDRESS
    case 702:  // CUDA_ERROR_LAUNCH_TIMEOUT
    case 710:  // CUDA_ERROR_ASSERT
    case 714:  // CUDA_ERROR_HARDWARE_STACK_ERROR
    case 715:  // CUDA_ERROR_ILLEGAL_INSTRUCTION
    case 716:  // CUDA_ERROR_MISALIGNED_ADDRESS
    case 717:  // CUDA_ERROR_INVALID_ADDRESS_SPACE
    case 718:  // CUDA_ERROR_INVALID_PC
    case 719:  // CUDA_ERROR_LAUNCH_FAILED
    case 721:  // CUDA_ERROR_TENSOR_MEMORY_LEAK
      return true;
    default:
      return device_lost(result);
  }
}

}  // namespace perftune::cuda
