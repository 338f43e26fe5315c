// The host part of an exported CUDA kernel: launching it through the run-time library, and encoding
// its tensor maps through the driver (CUDA driver API, "Tensor Map Object Management").
#include <fmt/format.h>

#include "codegen/bundle/bundle_parts.hpp"

namespace perftune {
namespace {

const char* map_type(DType type) {
  switch (type) {
    case DType::f64: return "CU_TENSOR_MAP_DATA_TYPE_FLOAT64";
    case DType::f32: return "CU_TENSOR_MAP_DATA_TYPE_FLOAT32";
    case DType::tf32: return "CU_TENSOR_MAP_DATA_TYPE_TFLOAT32";
    case DType::f16: return "CU_TENSOR_MAP_DATA_TYPE_FLOAT16";
    case DType::bf16: return "CU_TENSOR_MAP_DATA_TYPE_BFLOAT16";
    case DType::i32: return "CU_TENSOR_MAP_DATA_TYPE_INT32";
    default: return "CU_TENSOR_MAP_DATA_TYPE_UINT8";
  }
}

template <class Values>
std::string list(const Values& values, std::size_t from, std::size_t to) {
  std::string out;
  for (std::size_t i = from; i < to; ++i) out += fmt::format("{}{}", out.empty() ? "" : ", ", values[i]);
  return out;
}

std::string encode_text(const TensorMap& map, const std::string& member, const std::string& base) {
  const auto rank = static_cast<std::size_t>(map.rank);
  return fmt::format(
      R"(  {{
    const cuuint64_t extents[] = {{{extents}}}, strides[] = {{{strides}}};
    const cuuint32_t box[] = {{{box}}}, steps[] = {{1, 1, 1, 1, 1}};
    if (encode(reinterpret_cast<CUtensorMap*>(&params->{member}), {type}, {rank},
               const_cast<void*>(static_cast<const void*>({base})), extents, strides, box, steps,
               CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_{swizzle},
               CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE) != CUDA_SUCCESS)
      return cudaErrorInvalidValue;
  }}
)",
      fmt::arg("extents", list(map.extents, 0, rank)), fmt::arg("strides", list(map.strides, 1, rank)),
      fmt::arg("box", list(map.box, 0, rank)), fmt::arg("member", member), fmt::arg("type", map_type(map.type)),
      fmt::arg("rank", rank), fmt::arg("base", base),
      fmt::arg("swizzle", map.swizzle_bytes == 0 ? "NONE" : fmt::format("{}B", map.swizzle_bytes)));
}

std::string arguments_text(const Bundle& bundle, const std::string& name) {
  std::string body;
  std::size_t map = 0, scalar = 0;
  for (const Argument& argument : bundle.kernel.arguments) {
    if (argument.kind == Argument::Kind::tensor_map) {
      const TensorMap& encoded = bundle.launch.tensor_maps.at(map++);
      body += encode_text(encoded, argument.name, parameter_name(bundle.op, encoded.tensor));
    } else if (argument.kind == Argument::Kind::scalar) {
      body += fmt::format("  params->{} = {};\n", argument.name, bundle.launch.scalars.at(scalar++));
    } else {
      body += fmt::format("  params->{} = {};\n", argument.name,
                          argument.kind == Argument::Kind::workspace ? std::string("workspace")
                                                                     : parameter_name(bundle.op, argument.tensor));
    }
  }
  return fmt::format(
      R"(
extern "C" int {name}_arguments({name}_params* params, {parameters}) {{
  void* entry = nullptr;
  cudaDriverEntryPointQueryResult found;
#if CUDART_VERSION >= 12050
  const cudaError_t error =
      cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &entry, 12000, cudaEnableDefault, &found);
#else
  const cudaError_t error = cudaGetDriverEntryPoint("cuTensorMapEncodeTiled", &entry, cudaEnableDefault, &found);
#endif
  if (error != cudaSuccess || entry == nullptr) return error != cudaSuccess ? error : cudaErrorNotSupported;
  const auto encode = reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(entry);
{body}  return 0;
}}
)",
      fmt::arg("name", name), fmt::arg("parameters", parameter_list(bundle)), fmt::arg("body", body));
}

}  // namespace

std::string host_launch_text(const Bundle& bundle, const std::string& name) {
  const bool maps = !bundle.launch.tensor_maps.empty();
  return fmt::format(
      R"(
// The rest runs on the host; NVRTC needs none of it.
#ifndef __CUDACC_RTC__
{cuda_h}#include <cuda_runtime.h>

#include "{name}.h"

static_assert(sizeof({name}::Params) == sizeof({name}_params), "{name}.h belongs to another kernel");
{arguments}
extern "C" int {name}_launch(const {name}_params* params, void* stream) {{
  const auto kernel = {name}::{name}_kernel;
  const cudaError_t error =
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, {macro}_DYNAMIC_SHARED_BYTES);
  if (error != cudaSuccess) return error;
  cudaLaunchConfig_t config = {{}};
  config.gridDim = dim3({macro}_GRID_X, {macro}_GRID_Y, {macro}_GRID_Z);
  config.blockDim = dim3({macro}_BLOCK_X, {macro}_BLOCK_Y, {macro}_BLOCK_Z);
  config.dynamicSmemBytes = {macro}_DYNAMIC_SHARED_BYTES;
  config.stream = static_cast<cudaStream_t>(stream);
  cudaLaunchAttribute cluster = {{}};
  cluster.id = cudaLaunchAttributeClusterDimension;
  cluster.val.clusterDim = {{{macro}_CLUSTER_X, {macro}_CLUSTER_Y, {macro}_CLUSTER_Z}};
  config.attrs = &cluster;
  config.numAttrs = {macro}_CLUSTER_X * {macro}_CLUSTER_Y * {macro}_CLUSTER_Z > 1 ? 1 : 0;
  return cudaLaunchKernelEx(&config, kernel, *reinterpret_cast<const {name}::Params*>(params));
}}
#endif
)",
      fmt::arg("name", name), fmt::arg("macro", upper(name)), fmt::arg("cuda_h", maps ? "#include <cuda.h>\n" : ""),
      fmt::arg("arguments", maps ? arguments_text(bundle, name) : ""));
}

}  // namespace perftune
