#include "tests/emulation/micro_kernel.hpp"

#include <chrono>
#include <cstdlib>
#include <cstring>

namespace perftune::testing {

namespace {

Tensor tensor(const char* name, Tensor::Role role, std::int64_t elements) {
  Tensor result;
  result.name = name;
  result.type = DType::i32;
  result.shape = {elements};
  result.role = role;
  return result;
}

Hardware gpu() {
  Hardware hardware;
  hardware.name = "test-gpu";
  hardware.sm.shared_bytes_optin = 227 * 1024;
  return hardware;
}

}  // namespace

Kernel emit(const MicroKernel& kernel) {
  Kernel text;
  std::string maps;
  for (std::size_t i = 0; i < kernel.maps.size(); ++i) {
    const std::string name = "map" + std::to_string(i);
    maps += "pt::TensorMap " + name + "; ";
    text.arguments.push_back({Argument::Kind::tensor_map, kernel.maps[i].tensor, name});
  }
  text.entry = "micro";
  text.source = "#define PT_ARCH " + std::to_string(kernel.arch) +
                "\n#include \"perftune/ptx.cuh\"\n" + kernel.includes + "struct Params { " + maps +
                "const pt::i32* in; pt::i32* out; pt::u32* work; };\n"
                "using namespace pt;\n" +
                kernel.prelude +
                "\nPT_KERNEL(micro, 1024, 0) {\n"
                "  const i32* in = params.in; i32* out = params.out; u32* work = params.work;\n" +
                kernel.body + "\n}\n";
  text.arguments.push_back({Argument::Kind::tensor, 0, "in"});
  text.arguments.push_back({Argument::Kind::tensor, 1, "out"});
  text.arguments.push_back({Argument::Kind::workspace, -1, "work"});
  text.threads_per_block = 1024;
  return text;
}

MicroResult run(const MicroKernel& kernel) {
  using Clock = std::chrono::steady_clock;
  const auto compiler = HostCompiler::find();
  MicroResult result;
  if (!compiler) {
    result.failure = Failure{OutcomeKind::compile_failed, "no host compiler"};
    return result;
  }
  const Kernel text = emit(kernel);
  Failure failure;
  const auto start = Clock::now();
  const auto compiled = compile_for_emulation(text, *compiler, 30, failure);
  result.compile_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (!compiled) {
    result.failure = failure;
    return result;
  }
  Operator op;
  op.name = "micro";
  op.tensors = {tensor("in", Tensor::Role::input, static_cast<std::int64_t>(kernel.input.size())),
                tensor("out", Tensor::Role::output, kernel.outputs)};
  Launch launch;
  launch.grid = {kernel.blocks, 1, 1};
  launch.block = {kernel.threads, 1, 1};
  launch.cluster = {kernel.cluster, 1, 1};
  launch.dynamic_shared_bytes = kernel.shared_bytes;
  launch.tensor_maps = kernel.maps;
  launch.workspace_bytes = kernel.workspace_bytes;
  launch.workspace_zeroed_bytes = kernel.workspace_zeroed;

  EmulatedDevice device(gpu());
  device.set_max_steps(kernel.max_steps);
  device.count_conflicts(kernel.conflicts);
  const std::span<const std::byte> input = std::as_bytes(std::span(kernel.input));
  device.load(op, std::span(&input, 1));
  const auto began = Clock::now();
  result.failure = device.launch(*compiled, launch);
  result.run_seconds = std::chrono::duration<double>(Clock::now() - began).count();
  result.output.resize(static_cast<std::size_t>(kernel.outputs));
  device.read(1, std::as_writable_bytes(std::span(result.output)));
  return result;
}

std::string defect_of(const MicroKernel& kernel) {
  const MicroResult result = run(kernel);
  return result.failure ? result.failure->detail : "";
}

}  // namespace perftune::testing
