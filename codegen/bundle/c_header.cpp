// NAME.h: what a C or C++ program needs to know to call an exported kernel.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "codegen/bundle/bundle_parts.hpp"

namespace perftune {
namespace {

const Tensor& tensor_at(const Operator& op, int tensor) {
  return op.tensors[static_cast<std::size_t>(tensor)];
}

std::string member(const Bundle& bundle, const Argument& argument, const std::string& name) {
  switch (argument.kind) {
    case Argument::Kind::tensor: {
      const Tensor& tensor = tensor_at(bundle.op, argument.tensor);
      return fmt::format("  {}void* {};  /* {}, row-major */\n",
                         tensor.role == Tensor::Role::input ? "const " : "", argument.name, tensor_text(tensor));
    }
    case Argument::Kind::workspace: return fmt::format("  void* {};\n", argument.name);
    case Argument::Kind::scalar: return fmt::format("  int64_t {};\n", argument.name);
    case Argument::Kind::tensor_map: return fmt::format("  {}_tensor_map {};\n", name, argument.name);
  }
  return {};
}

std::string fill_text(const Bundle& bundle) {
  std::string out;
  std::size_t scalar = 0;
  for (const Argument& argument : bundle.kernel.arguments) {
    if (argument.kind == Argument::Kind::tensor)
      out += fmt::format("  params->{} = {};\n", argument.name, parameter_name(bundle.op, argument.tensor));
    if (argument.kind == Argument::Kind::workspace)
      out += fmt::format("  params->{} = workspace;\n", argument.name);
    if (argument.kind == Argument::Kind::scalar)
      out += fmt::format("  params->{} = {};\n", argument.name, bundle.launch.scalars.at(scalar++));
  }
  return out;
}

std::string geometry(const Bundle& bundle, const std::string& macro) {
  const Launch& l = bundle.launch;
  std::string out;
  const auto define = [&](const char* what, std::int64_t value, const char* why) {
    out += fmt::format("#define {}_{} {}{}\n", macro, what, value, *why != 0 ? fmt::format("  /* {} */", why) : "");
  };
  if (is_cuda(bundle)) {
    const char* axes = "XYZ";
    for (std::size_t i = 0; i < 3; ++i) define(fmt::format("GRID_{}", axes[i]).c_str(), l.grid[i], "");
    for (std::size_t i = 0; i < 3; ++i) define(fmt::format("BLOCK_{}", axes[i]).c_str(), l.block[i], "");
    for (std::size_t i = 0; i < 3; ++i) define(fmt::format("CLUSTER_{}", axes[i]).c_str(), l.cluster[i], "");
    define("DYNAMIC_SHARED_BYTES", l.dynamic_shared_bytes,
           "above 48 KiB only after cudaFuncAttributeMaxDynamicSharedMemorySize");
  }
  define("WORKSPACE_BYTES", l.workspace_bytes, "0: pass a null pointer");
  define("WORKSPACE_ZEROED_BYTES", l.workspace_zeroed_bytes,
         "this many first ones zero before the first launch; the kernel leaves them zero");
  return out;
}

constexpr const char* pool_text = R"(
/* How the kernel uses threads: yours. `run` calls task(argument, i) once for every i in [0, count), on
   thread i % threads, and returns when all are done; the caller is thread 0. */
#ifndef PERFTUNE_POOL
#define PERFTUNE_POOL
typedef struct PerftunePool {
  int threads;
  void* context;
  void (*run)(void* context, int count, void (*task)(void* argument, int index), void* argument);
} PerftunePool;
#endif
)";

constexpr const char* map_text = R"(
/* A CUtensorMap. */
typedef struct {{
#ifdef __cplusplus
  alignas(128)
#else
  _Alignas(128)
#endif
  uint64_t opaque[16];
}} {name}_tensor_map;
)";

}  // namespace

bool is_cuda(const Bundle& bundle) { return bundle.kernel.language == Kernel::Language::cuda; }

bool has_workspace(const Bundle& bundle) {
  return std::any_of(bundle.kernel.arguments.begin(), bundle.kernel.arguments.end(),
                     [](const Argument& a) { return a.kind == Argument::Kind::workspace; });
}

std::string upper(const std::string& name) {
  std::string out = name;
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string parameter_name(const Operator& op, int tensor) {
  const Tensor& t = tensor_at(op, tensor);
  std::string name;
  for (const char c : t.name) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  if (name != t.name) name += fmt::format("_{}", tensor);
  return (t.role == Tensor::Role::input ? "in_" : "out_") + name;
}

std::string parameter_list(const Bundle& bundle) {
  std::string out;
  for (const int tensor : bundle.op.inputs()) out += fmt::format(", const void* {}", parameter_name(bundle.op, tensor));
  for (const int tensor : bundle.op.outputs()) out += fmt::format(", void* {}", parameter_name(bundle.op, tensor));
  if (has_workspace(bundle)) out += ", void* workspace";
  return out.substr(2);
}

std::string tensor_text(const Tensor& tensor) {
  std::string shape;
  for (const std::int64_t extent : tensor.shape) shape += fmt::format("{}{}", shape.empty() ? "" : ",", extent);
  return comment_text(fmt::format("{} {}[{}]", tensor.name, name(tensor.type), shape));
}

std::string c_header_text(const Bundle& bundle, const std::string& name) {
  const std::string macro = upper(name);
  const bool maps = !bundle.launch.tensor_maps.empty();
  std::string members, dims;
  for (const Argument& argument : bundle.kernel.arguments) members += member(bundle, argument, name);
  for (const auto& [dim, extent] : bundle.op.dims) dims += fmt::format(" {}={}", dim, extent);
  std::string out = fmt::format(
      "/* {} ({} ) for {}.\n   {}\n   {}\n\n   Build the check:  {} */\n"
      "#ifndef {}_H\n#define {}_H\n\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n",
      comment_text(bundle.op.name), comment_text(dims), comment_text(bundle.device),
      comment_text(bundle.kernel.program.text()), comment_text(bundle.provenance), bundle.build, macro, macro);
  if (!is_cuda(bundle)) out += pool_text;
  if (maps) out += fmt::format(fmt::runtime(map_text), fmt::arg("name", name));
  out += fmt::format("\n/* The kernel's only argument, {}: members in this order, {}. */\ntypedef struct {{\n{}}} {}_params;\n\n",
                     is_cuda(bundle) ? "passed by value" : "passed by pointer",
                     maps ? "tensor maps of 128 bytes first, then 8 bytes each" : "8 bytes each", members, name);
  out += geometry(bundle, macro);
  out += fmt::format("\n/* Fills `params` for this shape. Returns 0{}. */\n",
                     maps ? ", or a cudaError_t when the driver encodes no tensor maps" : "");
  if (maps)
    out += fmt::format("int {}_arguments({}_params* params, {});\n", name, name, parameter_list(bundle));
  else
    out += fmt::format("static inline int {}_arguments({}_params* params, {}) {{\n{}  return 0;\n}}\n", name, name,
                       parameter_list(bundle), fill_text(bundle));
  if (is_cuda(bundle))
    out += fmt::format(
        "\n/* Launches on a cudaStream_t (null: the default one); returns a cudaError_t. With the cubin and the\n"
        "   driver's API instead: kernel \"{0}_kernel\", the geometry above, one parameter of type {0}_params. */\n"
        "int {0}_launch(const {0}_params* params, void* stream);\n", name);
  else
    out += fmt::format("\n/* Runs it; thread-safe with a workspace of its own per call. */\n"
                       "void {0}_kernel(const {0}_params* params, const PerftunePool* pool);\n", name);
  return out + "\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
}

}  // namespace perftune
