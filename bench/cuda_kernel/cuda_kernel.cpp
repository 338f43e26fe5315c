// One CUDA kernel, looked at: emits a tile program for an operator, compiles it with NVRTC, compares
// the compiler's figures with the estimate, and verifies it in the emulator.
//
// Usage: cuda_kernel OPERATOR_FILE GPU "family target knob=value ..." [source|ptx]
#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <variant>

#include "codegen/cuda/contraction_mma.hpp"
#include "codegen/cuda/contraction_simt.hpp"
#include "codegen/cuda/contraction_wgmma.hpp"
#include "executor/emulated_device.hpp"
#include "executor/nvrtc.hpp"
#include "executor/verification.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"

using namespace perftune;

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int verify(const Emitter& emitter, const Operator& op, const TileProgram& program,
           const Hardware& hardware) {
  const Operator small = emitter.shrink(op, program);
  if (const auto why = emitter.illegal(small, program, hardware)) {
    fmt::print("shrunk operator is illegal: {}\n", *why);
    return 1;
  }
  const Kernel kernel = emitter.emit(small, program, hardware);
  std::string dims;
  for (const auto& [name, value] : small.dims) dims += fmt::format(" {}={}", name, value);
  fmt::print("shrunk to{}; same text: {}\n", dims,
             kernel.source == emitter.emit(op, program, hardware).source);
  auto start = std::chrono::steady_clock::now();
  Failure failure;
  const auto compiler = HostCompiler::find();
  const auto compiled = compile_for_emulation(kernel, compiler.value(), 60, failure);
  if (!compiled) {
    fmt::print("emulation does not compile: {}\n", failure.detail);
    return 1;
  }
  fmt::print("host compile {:.0f} ms\n", 1e3 * seconds_since(start));
  start = std::chrono::steady_clock::now();
  EmulatedDevice device(hardware);
  const auto wrong =
      verify_on(device, small, *compiled, with_turns(emitter.bind(small, program, hardware)), 7);
  fmt::print("emulated in {:.0f} ms: {}\n", 1e3 * seconds_since(start),
             wrong ? wrong->detail : "agrees with the oracle");
  return wrong ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) {
    fmt::print(stderr, "usage: cuda_kernel OPERATOR_FILE GPU PROGRAM [source|ptx]\n");
    return 2;
  }
  const std::string show = argc > 4 ? argv[4] : "";
  const Operator op = read_operator_file(argv[1]).front().op;
  const Hardware& hardware = find_hardware(argv[2]);
  const TileProgram program = TileProgram::parse(argv[3]);
  const SimtContractionEmitter simt;
  const MmaContractionEmitter mma;
  const WgmmaContractionEmitter wgmma;
  const Emitter& emitter = program.target == "cuda/mma"     ? static_cast<const Emitter&>(mma)
                           : program.target == "cuda/wgmma" ? static_cast<const Emitter&>(wgmma)
                                                            : simt;
  if (const auto why = emitter.illegal(op, program, hardware)) {
    fmt::print("illegal: {}\n", *why);
    return 1;
  }
  const Kernel kernel = emitter.emit(op, program, hardware);
  if (show == "source") fmt::print("{}\n", kernel.source);
  const Nvrtc nvrtc;
  if (show == "ptx") {
    const auto ptx = nvrtc.ptx(kernel, hardware.arch);
    if (const auto* text = std::get_if<std::string>(&ptx)) fmt::print("{}\n", *text);
  }
  const auto start = std::chrono::steady_clock::now();
  const auto result = nvrtc.compile(kernel, hardware.arch);
  const double seconds = seconds_since(start);
  if (const auto* failure = std::get_if<Failure>(&result)) {
    fmt::print("{}\n", failure->detail);
    return 1;
  }
  const Resources& found = std::get<CompiledKernel>(result).resources;
  const Resources guess = emitter.estimate(op, program, hardware);
  fmt::print("{} ms; registers {} (estimated {}), spills {}, stack {}, shared {} + {} static\n",
             static_cast<int>(1e3 * seconds), found.registers, guess.registers, found.spill_bytes,
             found.stack_bytes, guess.shared_bytes, found.shared_bytes);
  for (const auto& warning : found.warnings) fmt::print("{}\n", warning);
  return verify(emitter, op, program, hardware);
} catch (const std::exception& error) {
  fmt::print(stderr, "cuda_kernel: {}\n", error.what());
  return 1;
}
