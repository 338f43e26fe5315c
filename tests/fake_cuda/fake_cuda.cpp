// A libcuda.so.1 without a GPU: device memory is host memory, a module is looked up by the hash of
// its image and run by the emulator, and what goes wrong goes wrong as on a device: asynchronously,
// sticky, or for ever. Only what executor/cuda_driver.hpp lists. One thread. The same library answers
// as libcupti, libnvidia-ml, libcublasLt and libcudnn (fake_cupti.cpp, ...), under links of those names.
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <vector>

#include "executor/emulation/encoded_tensor.hpp"
#include "fake_state.hpp"

using namespace fake;  // NOLINT: the exported functions are C

namespace {

// A launch that a graph repeats. Parameters are kept by address: whoever captured them keeps them.
struct FakeLaunch {
  fake::Function* function;
  Launch launch;
  void* parameters;
};
struct FakeStream {
  bool capturing = false;
  std::vector<FakeLaunch> captured;
};
struct FakeGraph {
  std::vector<FakeLaunch> launches;
};

Result run_or_capture(fake::Function* function, const Launch& launch, cuda::Stream stream, void** params) {
  auto* const into = reinterpret_cast<FakeStream*>(stream);
  if (into == nullptr || !into->capturing) return run(function, launch, params);
  into->captured.push_back({function, launch, params[0]});
  return kSuccess;
}

}  // namespace

EXPORT Result cuInit(unsigned) {
  restart();
  return state().device.devices > 0 ? kSuccess : kNoDevice;
}
EXPORT Result cuDriverGetVersion(int* version) {
  *version = 13000;
  return kSuccess;
}
EXPORT Result cuGetErrorName(Result result, const char** text) {
  static const std::map<Result, const char*> names = {
      {kSuccess, "CUDA_SUCCESS"},
      {kInvalidValue, "CUDA_ERROR_INVALID_VALUE"},
      {kOutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY"},
      {kNoDevice, "CUDA_ERROR_NO_DEVICE"},
      {kInvalidDevice, "CUDA_ERROR_INVALID_DEVICE"},
      {kInvalidImage, "CUDA_ERROR_INVALID_IMAGE"},
      {kNotFound, "CUDA_ERROR_NOT_FOUND"},
      {kIllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {kLaunchFailed, "CUDA_ERROR_LAUNCH_FAILED"},
      {kInvalidClusterSize, "CUDA_ERROR_INVALID_CLUSTER_SIZE"},
      {kUnknown, "CUDA_ERROR_UNKNOWN"}};
  const auto found = names.find(result);
  if (found == names.end()) return kInvalidValue;
  *text = found->second;
  return kSuccess;
}
EXPORT Result cuDeviceGetCount(int* count) {
  *count = state().device.devices;
  return kSuccess;
}
EXPORT Result cuDeviceGet(cuda::DeviceNumber* device, int ordinal) {
  if (ordinal < 0 || ordinal >= state().device.devices) return kInvalidDevice;
  *device = ordinal;
  return kSuccess;
}
EXPORT Result cuDeviceGetName(char* text, int length, cuda::DeviceNumber) {
  std::snprintf(text, static_cast<std::size_t>(length), "%s", state().device.name.c_str());
  return kSuccess;
}
EXPORT Result cuDeviceGetAttribute(int* value, cuda::Attribute attribute, cuda::DeviceNumber) {
  const FakeDevice& device = state().device;
  switch (attribute) {
    case cuda::Attribute::clock_khz:
      *value = device.clock_khz;
      break;
    case cuda::Attribute::multiprocessors:
      *value = device.sms;
      break;
    case cuda::Attribute::l2_bytes:
      *value = device.l2_bytes;
      break;
    case cuda::Attribute::compute_major:
      *value = device.compute_capability / 10;
      break;
    case cuda::Attribute::compute_minor:
      *value = device.compute_capability % 10;
      break;
    case cuda::Attribute::shared_bytes_optin:
      *value = device.shared_bytes_optin;
      break;
    default:
      return kInvalidValue;
  }
  return kSuccess;
}
EXPORT Result cuDeviceTotalMem_v2(std::size_t* bytes, cuda::DeviceNumber) {
  *bytes = static_cast<std::size_t>(state().device.total_gib * (1 << 30));
  return kSuccess;
}
EXPORT Result cuDeviceGetUuid_v2(std::array<unsigned char, 16>* uuid, cuda::DeviceNumber device) {
  for (std::size_t i = 0; i < uuid->size(); ++i) {
    (*uuid)[i] = static_cast<unsigned char>(16 * static_cast<std::size_t>(device) + i);
  }
  return kSuccess;
}
EXPORT Result cuDevicePrimaryCtxRetain(cuda::Context* context, cuda::DeviceNumber) {
  *context = reinterpret_cast<cuda::Context>(&state());
  return guarded();
}
EXPORT Result cuDevicePrimaryCtxRelease_v2(cuda::DeviceNumber) { return kSuccess; }
EXPORT Result cuCtxSetCurrent(cuda::Context) { return kSuccess; }
EXPORT Result cuCtxSynchronize() { return guarded(); }
EXPORT Result cuMemAlloc_v2(cuda::Pointer* pointer, std::size_t bytes) {
  State& s = state();
  if (s.sticky != kSuccess) return s.sticky;
  if (s.allocated + static_cast<std::int64_t>(bytes) > s.device.memory_bytes) return kOutOfMemory;
  // Room to align as the driver does; the contents are whatever was there.
  auto block = std::make_unique_for_overwrite<std::byte[]>(bytes + 512);
  if (bytes < kUntouchedBytes) std::memset(block.get(), 0x5A, bytes + 512);
  const auto base = (reinterpret_cast<cuda::Pointer>(block.get()) + 255) / 256 * 256;
  s.memory[base] = std::move(block);
  s.sizes[base] = bytes;
  s.allocated += static_cast<std::int64_t>(bytes);
  *pointer = base;
  return kSuccess;
}
EXPORT Result cuMemFree_v2(cuda::Pointer pointer) {
  State& s = state();
  if (s.sticky != kSuccess) return s.sticky;
  const auto found = s.sizes.find(pointer);
  if (found == s.sizes.end()) return kInvalidValue;
  s.allocated -= static_cast<std::int64_t>(found->second);
  s.sizes.erase(found);
  s.memory.erase(pointer);
  return kSuccess;
}
EXPORT Result cuMemcpyHtoD_v2(cuda::Pointer to, const void* from, std::size_t bytes) {
  if (guarded() != kSuccess) return guarded();
  if (!inside(to, bytes)) return kInvalidValue;
  std::memcpy(reinterpret_cast<void*>(to), from, bytes);
  return kSuccess;
}
EXPORT Result cuMemcpyDtoH_v2(void* to, cuda::Pointer from, std::size_t bytes) {
  if (guarded() != kSuccess) return guarded();
  if (!inside(from, bytes)) return kInvalidValue;
  std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
  return kSuccess;
}
EXPORT Result cuMemsetD8_v2(cuda::Pointer to, unsigned char value, std::size_t bytes) {
  if (guarded() != kSuccess) return guarded();
  if (!inside(to, bytes)) return kInvalidValue;
  if (bytes < kUntouchedBytes) std::memset(reinterpret_cast<void*>(to), value, bytes);
  return kSuccess;
}
EXPORT Result cuModuleLoadData(cuda::Module* module, const void* image) {
  if (guarded() != kSuccess) return guarded();
  Module* loaded = nullptr;
  const Result result = load_module(image, loaded);
  *module = reinterpret_cast<cuda::Module>(loaded);
  return result;
}
EXPORT Result cuModuleUnload(cuda::Module module) {
  auto* const loaded = reinterpret_cast<fake::Module*>(module);
  std::erase_if(state().functions, [&](const auto& entry) { return entry.first.first == loaded; });
  delete loaded;  // the host's memory, whatever became of the device
  return guarded();
}
EXPORT Result cuModuleGetFunction(cuda::Function* function, cuda::Module module, const char* name) {
  if (guarded() != kSuccess) return guarded();
  auto* const loaded = reinterpret_cast<fake::Module*>(module);
  if (loaded->library.symbol(std::string("perftune_run_") + name) == nullptr) return kNotFound;
  auto& place = state().functions[{loaded, name}];
  if (!place) place = std::make_unique<fake::Function>(fake::Function{loaded, name});
  *function = reinterpret_cast<cuda::Function>(place.get());
  return kSuccess;
}
EXPORT Result cuFuncSetAttribute(cuda::Function function, int attribute, int value) {
  if (guarded() != kSuccess) return guarded();
  if (attribute != cuda::kMaxDynamicSharedBytes || value > state().device.shared_bytes_optin) {
    return kInvalidValue;
  }
  reinterpret_cast<fake::Function*>(function)->max_dynamic_shared = value;
  return kSuccess;
}
EXPORT Result cuEventCreate(cuda::Event* event, unsigned) {
  *event = reinterpret_cast<cuda::Event>(new fake::Event);
  return guarded();
}
EXPORT Result cuEventDestroy_v2(cuda::Event event) {
  delete reinterpret_cast<fake::Event*>(event);
  return kSuccess;
}
EXPORT Result cuEventRecord(cuda::Event event, cuda::Stream) {
  reinterpret_cast<fake::Event*>(event)->at = std::chrono::steady_clock::now();
  return guarded();
}
EXPORT Result cuEventSynchronize(cuda::Event) { return guarded(); }
EXPORT Result cuEventElapsedTime(float* ms, cuda::Event from, cuda::Event to) {
  *ms = std::chrono::duration<float, std::milli>(reinterpret_cast<fake::Event*>(to)->at -
                                                 reinterpret_cast<fake::Event*>(from)->at)
            .count();
  if (state().device.fast_kernels != 0) *ms *= 1e-3f;
  return guarded();
}
// What the emulator reads instead of a real map, or what the driver would refuse.
EXPORT Result cuTensorMapEncodeTiled(cuda::TensorMapWords* words, int data_type, std::uint32_t rank,
                                     cuda::Pointer address, const std::uint64_t* extents,
                                     const std::uint64_t* strides, const std::uint32_t* box,
                                     const std::uint32_t* element_strides, int interleave,
                                     int swizzle, int, int fill) {
  static const std::map<int, DType> types = {
      {0, DType::u8}, {6, DType::f16}, {7, DType::f32}, {9, DType::bf16}, {11, DType::tf32}};
  const auto type = types.find(data_type);
  if (type == types.end() || rank > 5 || interleave != 0 || fill != 0 || swizzle > 3 ||
      reinterpret_cast<std::uintptr_t>(words) % 64 != 0)
    return kInvalidValue;
  TensorMap map;
  map.type = type->second;
  map.rank = static_cast<int>(rank);
  map.swizzle_bytes = std::array{0, 32, 64, 128}[static_cast<std::size_t>(swizzle)];
  for (std::size_t d = 0; d < rank; ++d) {
    if (element_strides[d] != 1) return kInvalidValue;
    map.extents[d] = static_cast<std::int64_t>(extents[d]);
    map.box[d] = static_cast<int>(box[d]);
    map.strides[d] = d == 0 ? static_cast<std::int64_t>(size_bytes(map.type))
                            : static_cast<std::int64_t>(strides[d - 1]);
  }
  return emulation::encode_tensor(map, address, *words) ? kInvalidValue : kSuccess;
}
EXPORT Result cuLaunchKernel(cuda::Function function, unsigned grid_x, unsigned grid_y,
                             unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,
                             unsigned shared_bytes, cuda::Stream stream, void** params, void**) {
  Launch launch;
  launch.grid = {grid_x, grid_y, grid_z};
  launch.block = {static_cast<int>(block_x), static_cast<int>(block_y), static_cast<int>(block_z)};
  launch.dynamic_shared_bytes = shared_bytes;
  return run_or_capture(reinterpret_cast<fake::Function*>(function), launch, stream, params);
}
EXPORT Result cuLaunchKernelEx(const cuda::LaunchConfig* config, cuda::Function function,
                               void** params, void**) {
  Launch launch;
  for (std::size_t d = 0; d < 3; ++d) {
    launch.grid[d] = config->grid[d];
    launch.block[d] = static_cast<int>(config->block[d]);
  }
  launch.dynamic_shared_bytes = config->dynamic_shared_bytes;
  for (std::uint32_t i = 0; i < config->attribute_count; ++i) {
    if (config->attributes[i].id != cuda::kClusterDimension) return kInvalidValue;
    if (state().device.compute_capability < 90) return kInvalidClusterSize;
    for (std::size_t d = 0; d < 3; ++d) {
      launch.cluster[d] = static_cast<int>(config->attributes[i].value[d]);
    }
  }
  return run_or_capture(reinterpret_cast<fake::Function*>(function), launch, config->stream, params);
}
EXPORT Result cuMemsetD8Async(cuda::Pointer to, unsigned char value, std::size_t bytes, cuda::Stream) {
  return cuMemsetD8_v2(to, value, bytes);
}
EXPORT Result cuStreamCreate(cuda::Stream* stream, unsigned) {
  *stream = reinterpret_cast<cuda::Stream>(new FakeStream);
  return guarded();
}
EXPORT Result cuStreamDestroy_v2(cuda::Stream stream) {
  delete reinterpret_cast<FakeStream*>(stream);
  return kSuccess;
}
EXPORT Result cuStreamBeginCapture_v2(cuda::Stream stream, int) {
  if (stream == nullptr) return kInvalidValue;  // the default stream cannot be captured
  reinterpret_cast<FakeStream*>(stream)->capturing = true;
  return guarded();
}
EXPORT Result cuStreamEndCapture(cuda::Stream stream, cuda::Graph* graph) {
  auto* const from = reinterpret_cast<FakeStream*>(stream);
  from->capturing = false;
  *graph = reinterpret_cast<cuda::Graph>(new FakeGraph{std::move(from->captured)});
  return guarded();
}
EXPORT Result cuGraphInstantiateWithFlags(cuda::GraphRun* run, cuda::Graph graph, unsigned long long) {
  *run = reinterpret_cast<cuda::GraphRun>(new FakeGraph(*reinterpret_cast<FakeGraph*>(graph)));
  return guarded();
}
EXPORT Result cuGraphLaunch(cuda::GraphRun graph, cuda::Stream) {
  std::ofstream(state().folder + "/graphs", std::ios::app) << '.';
  for (FakeLaunch& launch : reinterpret_cast<FakeGraph*>(graph)->launches)
    if (const Result result = run(launch.function, launch.launch, &launch.parameters)) return result;
  return kSuccess;
}
EXPORT Result cuGraphExecDestroy(cuda::GraphRun graph) {
  delete reinterpret_cast<FakeGraph*>(graph);
  return kSuccess;
}
EXPORT Result cuGraphDestroy(cuda::Graph graph) {
  delete reinterpret_cast<FakeGraph*>(graph);
  return kSuccess;
}
