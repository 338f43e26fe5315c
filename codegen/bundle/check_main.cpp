// main.cpp or main.cu of a bundle, and the data that it checks with.
#include <fmt/format.h>

#include <cmath>

#include "codegen/bundle/bundle_parts.hpp"

namespace perftune {
namespace {

const Tensor& tensor_at(const Bundle& bundle, int tensor) {
  return bundle.op.tensors[static_cast<std::size_t>(tensor)];
}

std::string number(double value) {
  if (std::isnan(value)) return "NAN";
  if (std::isinf(value)) return value < 0 ? "-HUGE_VAL" : "HUGE_VAL";
  return fmt::format("{:.17g}", value);
}

const char* type_name(check::Type type) {
  constexpr const char* names[] = {"f64", "f32", "f16", "bf16", "f8e4m3", "f8e5m2", "i32", "i8", "u8"};
  return names[static_cast<int>(type)];
}

// Allocation, drawing and comparing differ by where memory is.
constexpr const char* cpu_memory = R"(
// As the kernel wants it: aligned to 64 bytes.
static unsigned char* allocate(std::size_t bytes) {
  return static_cast<unsigned char*>(std::aligned_alloc(64, (bytes + check::guard_bytes + 63) / 64 * 64));
}

// A pool that starts its threads at every call; a program that runs the kernel often keeps them.
static void run_tasks(void* context, int count, void (*task)(void*, int), void* argument) {
  const int threads = *static_cast<int*>(context);
  const auto share = [=](int first) {
    for (int i = first; i < count; i += threads) task(argument, i);
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads && t < count; ++t) others.emplace_back(share, t);
  share(0);
  for (std::thread& other : others) other.join();
}
)";

std::string cpu_body(const Bundle& bundle, const std::string& name) {
  std::string out, tensors;
  const auto allocate = [&](int tensor) {
    const Tensor& t = tensor_at(bundle, tensor);
    const std::string variable = parameter_name(bundle.op, tensor);
    out += fmt::format("  unsigned char* {} = allocate({});\n", variable, t.bytes());
    tensors += ", " + variable;
    return variable;
  };
  for (std::size_t i = 0; i < bundle.inputs.size(); ++i) {
    const Tensor& t = tensor_at(bundle, bundle.inputs[i].tensor);
    out += fmt::format("  check::draw({0}, {1}, {2}, input{3}, sizeof input{3} / sizeof *input{3}, {4}u);\n",
                       allocate(bundle.inputs[i].tensor), t.elements(), size_bytes(t.type), i, bundle.inputs[i].seed);
  }
  for (const ExpectedOutput& output : bundle.outputs) {
    const Tensor& t = tensor_at(bundle, output.tensor);
    const std::string variable = allocate(output.tensor);
    out += fmt::format("  std::memset({0}, check::poison, {1});\n  std::memset({0} + {1}, check::guard, check::guard_bytes);\n",
                       variable, t.bytes());
  }
  if (has_workspace(bundle)) {
    out += fmt::format("  unsigned char* workspace = allocate({0}_WORKSPACE_BYTES);\n"
                       "  std::memset(workspace, 0, {0}_WORKSPACE_BYTES);\n", upper(name));
    tensors += ", workspace";
  }
  return out + fmt::format(
      "\n  {0}_params params;\n  {0}_arguments(&params{1});\n"
      "  int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));\n"
      "  const PerftunePool pool = {{threads, &threads, run_tasks}};\n  {0}_kernel(&params, &pool);\n\n"
      "  double best_us = 1e30;\n  for (int i = 0; i < 20; ++i) {{\n"
      "    const auto start = std::chrono::steady_clock::now();\n    {0}_kernel(&params, &pool);\n"
      "    best_us = std::min(best_us, std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)\n"
      "                                    .count());\n  }}\n", name, tensors);
}

std::string cuda_body(const Bundle& bundle, const std::string& name) {
  std::string out, tensors;
  const auto allocate = [&](int tensor) {
    const Tensor& t = tensor_at(bundle, tensor);
    const std::string variable = parameter_name(bundle.op, tensor);
    out += fmt::format("  std::vector<unsigned char> host_{0}({1} + check::guard_bytes);\n  unsigned char* {0} = nullptr;\n"
                       "  CALL(cudaMalloc(&{0}, {1} + check::guard_bytes));\n", variable, t.bytes());
    tensors += ", " + variable;
    return variable;
  };
  const auto upload = [&](const std::string& variable) {
    out += fmt::format("  CALL(cudaMemcpy({0}, host_{0}.data(), host_{0}.size(), cudaMemcpyHostToDevice));\n", variable);
  };
  for (std::size_t i = 0; i < bundle.inputs.size(); ++i) {
    const Tensor& t = tensor_at(bundle, bundle.inputs[i].tensor);
    const std::string variable = allocate(bundle.inputs[i].tensor);
    out += fmt::format("  check::draw(host_{0}.data(), {1}, {2}, input{3}, sizeof input{3} / sizeof *input{3}, {4}u);\n",
                       variable, t.elements(), size_bytes(t.type), i, bundle.inputs[i].seed);
    upload(variable);
  }
  std::string download;
  for (const ExpectedOutput& output : bundle.outputs) {
    const Tensor& t = tensor_at(bundle, output.tensor);
    const std::string variable = allocate(output.tensor);
    out += fmt::format("  std::memset(host_{0}.data(), check::poison, {1});\n"
                       "  std::memset(host_{0}.data() + {1}, check::guard, check::guard_bytes);\n", variable, t.bytes());
    upload(variable);
    download += fmt::format("  CALL(cudaMemcpy(host_{0}.data(), {0}, host_{0}.size(), cudaMemcpyDeviceToHost));\n", variable);
  }
  if (has_workspace(bundle)) {
    out += fmt::format("  void* workspace = nullptr;\n  CALL(cudaMalloc(&workspace, {0}_WORKSPACE_BYTES + 1));\n"
                       "  CALL(cudaMemset(workspace, 0, {0}_WORKSPACE_BYTES + 1));\n", upper(name));
    tensors += ", workspace";
  }
  return out + fmt::format(
      "\n  {0}_params params;\n  CALL(static_cast<cudaError_t>({0}_arguments(&params{1})));\n"
      "  CALL(static_cast<cudaError_t>({0}_launch(&params, nullptr)));\n  CALL(cudaDeviceSynchronize());\n{2}\n"
      "  float best_ms = 1e30f;\n  cudaEvent_t start, stop;\n  CALL(cudaEventCreate(&start));\n  CALL(cudaEventCreate(&stop));\n"
      "  for (int i = 0; i < 20; ++i) {{\n    CALL(cudaEventRecord(start));\n"
      "    CALL(static_cast<cudaError_t>({0}_launch(&params, nullptr)));\n    CALL(cudaEventRecord(stop));\n"
      "    CALL(cudaEventSynchronize(stop));\n    float ms = 0;\n    CALL(cudaEventElapsedTime(&ms, start, stop));\n"
      "    best_ms = std::min(best_ms, ms);\n  }}\n  const double best_us = best_ms * 1e3;\n", name, tensors, download);
}

constexpr const char* cuda_head = R"(
#define CALL(call)                                                                \
  do {                                                                            \
    const cudaError_t error = (call);                                             \
    if (error != cudaSuccess) {                                                   \
      std::printf("%s: %s\n", #call, cudaGetErrorString(error));                  \
      return error == cudaErrorNoDevice || error == cudaErrorInsufficientDriver ? 3 : 1; \
    }                                                                             \
  } while (false)
)";

}  // namespace

check::Type check_type(DType type) {
  switch (type) {
    case DType::f64: return check::Type::f64;
    case DType::f32:
    case DType::tf32: return check::Type::f32;
    case DType::f16: return check::Type::f16;
    case DType::bf16: return check::Type::bf16;
    case DType::f8e4m3: return check::Type::f8e4m3;
    case DType::f8e5m2: return check::Type::f8e5m2;
    case DType::i32: return check::Type::i32;
    case DType::i8: return check::Type::i8;
    case DType::u8:
    case DType::boolean: return check::Type::u8;
  }
  return check::Type::u8;
}

std::string check_data_text(const Bundle& bundle) {
  std::string out =
      "// What the check draws inputs from (stored values), and between which values rounding may put sampled\n"
      "// elements of the outputs: evaluated in float64 by perftune when this was exported.\n"
      "#pragma once\n\n#include \"check.hpp\"\n";
  for (std::size_t i = 0; i < bundle.inputs.size(); ++i) {
    out += fmt::format("\n// {}\nstatic const std::uint64_t input{}[] = {{", tensor_text(tensor_at(bundle, bundle.inputs[i].tensor)), i);
    for (std::size_t j = 0; j < bundle.inputs[i].stored_values.size(); ++j)
      out += fmt::format("{}{:#x}u", j == 0 ? "" : j % 8 == 0 ? ",\n  " : ", ", bundle.inputs[i].stored_values[j]);
    out += "};\n";
  }
  for (std::size_t i = 0; i < bundle.outputs.size(); ++i) {
    out += fmt::format("\n// {}\nstatic const check::Element output{}[] = {{\n",
                       tensor_text(tensor_at(bundle, bundle.outputs[i].tensor)), i);
    for (const check::Element& e : bundle.outputs[i].elements)
      out += fmt::format("  {{{}, {}, {}}},\n", e.at, number(e.low), number(e.high));
    out += "};\n";
  }
  return out;
}

std::string main_text(const Bundle& bundle, const std::string& name) {
  const bool cuda = is_cuda(bundle);
  std::string verdict;
  for (std::size_t i = 0; i < bundle.outputs.size(); ++i) {
    const Tensor& t = tensor_at(bundle, bundle.outputs[i].tensor);
    const std::string variable = parameter_name(bundle.op, bundle.outputs[i].tensor);
    verdict += fmt::format("  right = check::correct(\"{0}\", check::Type::{1}, {2}, {3}, {4}, output{5},\n"
                           "                         sizeof output{5} / sizeof *output{5}) && right;\n",
                           variable, type_name(check_type(t.type)), cuda ? "host_" + variable + ".data()" : variable,
                           t.elements(), size_bytes(t.type), i);
  }
  return fmt::format(
      "// Runs {0} on drawn inputs and checks it. Exit code 0: right, 1: wrong{1}.\n//\n//   {2}\n"
      "#include <algorithm>\n{3}#include <vector>\n\n#include \"check.hpp\"\n#include \"check_data.h\"\n#include \"{0}.h\"\n"
      "{4}\nint main() {{\n{5}\n  bool right = true;\n{6}"
      "  std::printf(\"{0}: %s, best of 20 %.2f us{7}\\n\", right ? \"right\" : \"WRONG\", best_us);\n"
      "  return right ? 0 : 1;\n}}\n",
      name, cuda ? ", 3: no CUDA device" : "", bundle.build,
      cuda ? "" : "#include <chrono>\n#include <thread>\n", cuda ? cuda_head : cpu_memory,
      cuda ? cuda_body(bundle, name) : cpu_body(bundle, name), verdict,
      cuda ? "" : " with threads started anew at every call");
}

}  // namespace perftune
