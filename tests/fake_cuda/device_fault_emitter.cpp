#include "device_fault_emitter.hpp"

#include "executor/emulated_device.hpp"
#include "recipes/error.hpp"
#include "registry.hpp"

namespace perftune {
namespace {

constexpr int kThreads = 64;

// What thread `i` does; `a`, `c`, `n` and `work` are the parameters, `inside` is i < n.
std::string body(DeviceFault fault) {
  const std::string load = "const float x = pt::global_load(a + (inside ? i : 0), inside);\n";
  const std::string right = load + "pt::global_store(c + i, 2 * x + 1, inside);\n";
  const std::string count =  // thread 0 counts launches in the workspace
      "pt::u32 launches = 0;\n"
      "if (i == 0) {\n"
      "  launches = pt::global_load_acquire(work + 1) + 1;\n"
      "  pt::global_store_release(work + 1, launches);\n"
      "}\n";
  switch (fault) {
    case DeviceFault::illegal_address:
      return right + "pt::global_store(c + 1000000000 + i, 1.0f, inside);\n";
    case DeviceFault::near_write:
      return right + "pt::global_store(c + n, 1.0f, i == 0);\n";
    case DeviceFault::endless:
      return right + "while (pt::global_load_acquire(work) == 0) {}\n";
    case DeviceFault::wrong:
      return load + "pt::global_store(c + i, 2 * x + 1.01f, inside);\n";
    case DeviceFault::zeros:
      return "pt::global_store(c + i, 0.0f, inside);\n";
    case DeviceFault::nan:
      return load + "pt::global_store(c + i, (x - x) / (x - x), inside);\n";
    case DeviceFault::partly:
      return load + "pt::global_store(c + i, 2 * x + 1, i + 1 < n);\n";
    case DeviceFault::changes_input:
      return right + "pt::global_store(const_cast<float*>(a) + i, 0.0f, i == 7);\n";
    case DeviceFault::dirty_workspace:
      return right + "pt::global_store(work, 1u, i == 0);\n";
    case DeviceFault::faults_later:
      return right + count +
             "pt::global_store(c + (launches > 4 ? 1000000000 : 0) + i, 2 * x + 1, i == 0);\n";
    case DeviceFault::wrong_later:
      return right + count + "pt::global_store(c, launches > 4 ? 0.0f : 2 * x + 1, i == 0);\n";
    default:
      return right;
  }
}

}  // namespace

TileProgram device_program(DeviceFault fault, int copies) {
  return {"fault", "cuda/simt", {{"fault", static_cast<int>(fault)}, {"copies", copies}}};
}

Kernel DeviceFaultEmitter::emit(const Operator& op, const TileProgram& program,
                                const Hardware& hardware) const {
  const auto fault = static_cast<DeviceFault>(program.at("fault"));
  Kernel kernel;
  kernel.program = program;
  kernel.entry = fault == DeviceFault::wrong_entry ? "another" : "twice";
  kernel.threads_per_block = kThreads;
  kernel.source = "#define PT_ARCH " + std::to_string(10 * hardware.compute_capability) +
                  "\n#include \"perftune/ptx.cuh\"\n"
                  "struct Params { const float* a; float* c; pt::u32* work; pt::i64 n; };\n"
                  "PT_KERNEL(twice, 64, 0) {\n"
                  "  const float* const a = params.a; float* const c = params.c;\n"
                  "  pt::u32* const work = params.work; const pt::i64 n = params.n;\n"
                  "  const pt::i64 i = pt::block_index_x() * 64 + pt::thread_index();\n"
                  "  const bool inside = i < n;\n"
                  "  static_cast<void>(work);\n"
                  "  for (int copy = 0; copy < " +
                  std::to_string(program.at("copies")) + "; ++copy) {\n" + body(fault) + "  }\n}\n";
  kernel.arguments = {{Argument::Kind::tensor, op.inputs()[0], "a"},
                      {Argument::Kind::tensor, op.outputs()[0], "c"},
                      {Argument::Kind::workspace, -1, "work"},
                      {Argument::Kind::scalar, -1, "n"}};
  return kernel;
}

Launch DeviceFaultEmitter::bind(const Operator& op, const TileProgram& program,
                                const Hardware& hardware) const {
  const auto fault = static_cast<DeviceFault>(program.at("fault"));
  const std::int64_t n = op.tensors[static_cast<std::size_t>(op.inputs()[0])].elements();
  Launch launch;
  launch.grid = {(n + kThreads - 1) / kThreads, 1, 1};
  launch.block = {fault == DeviceFault::too_many_threads ? 2048 : kThreads, 1, 1};
  if (fault == DeviceFault::cluster) launch.cluster = {2, 1, 1};
  if (fault == DeviceFault::too_much_shared) {
    launch.dynamic_shared_bytes = hardware.sm.shared_bytes_optin + 1024;
  }
  launch.workspace_bytes = fault == DeviceFault::too_much_memory ? std::int64_t{1} << 40 : 64;
  launch.workspace_zeroed_bytes = 4;
  launch.scalars = {n};
  return launch;
}

std::string register_kernel(const std::string& folder, const Kernel& kernel, std::string image) {
  const auto compiler = HostCompiler::find();
  if (!compiler) throw Error(ErrorKind::unavailable, "no host compiler");
  Failure failure;
  const auto build = compile_for_emulation(kernel, *compiler, 60, failure);
  if (!build) throw Error(ErrorKind::internal, failure.detail);
  if (image.empty()) image = build->binary;
  register_image(folder, image, build->binary);
  return image;
}

}  // namespace perftune
