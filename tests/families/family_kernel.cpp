#include "tests/families/family_kernel.hpp"

#include <map>
#include <optional>

#include "cli/wire.hpp"
#include "codegen/cpu/headers.hpp"
#include "executor/cpu_device.hpp"
#include "executor/emulated_device.hpp"
#include "executor/host_compiler.hpp"
#include "executor/verification.hpp"
#include "tests/cpu/compiled_kernel.hpp"

namespace perftune::testing {
namespace {

const HostCompiler& compiler() {
  static const std::optional<HostCompiler> found = HostCompiler::find();
  return found.value();  // throws where there is none: every test of kernels needs it
}

std::string report(const TileProgram& program, const std::optional<Failure>& failure) {
  return failure ? program.text() + ": " + failure->detail : std::string();
}

}  // namespace

const Slices& all_slices() {
  static const Slices slices = make_slices();
  return slices;
}

const Hardware& this_cpu() {
  static const Hardware cpu = test_cpu(runs_here("avx512") ? "avx512" : "avx2");
  return cpu;
}

std::string verify_on_cpu(const Operator& op, const TileProgram& program, std::uint64_t seed) {
  static std::map<std::string, std::string> binaries;
  const Hardware& hardware = this_cpu();
  const Emitter& emitter = *all_slices().emitters().find(program);
  if (const auto why = emitter.illegal(op, program, hardware)) return "illegal: " + *why;
  CompiledKernel compiled{emitter.emit(op, program, hardware), {}, {}};
  auto [binary, fresh] = binaries.try_emplace(compiled.kernel.source);
  if (fresh) {
    const auto result = compiler().compile(compiled.kernel.source, cpu_device_headers(),
                                           cpu_compile_flags(hardware.cpu.isa), 60);
    if (!result.ok) {
      binaries.erase(binary);
      return program.text() + ": " + result.log.substr(0, 2000) + "\n" + compiled.kernel.source;
    }
    binary->second = result.binary;
  }
  compiled.binary = binary->second;
  CpuDevice device(hardware, 2, false);
  return report(program, verify_on(device, op, compiled, emitter.bind(op, program, hardware), seed));
}

std::string verify_emulated(const Operator& op, const TileProgram& program, const Hardware& gpu,
                            std::uint64_t seed) {
  static std::map<std::string, CompiledKernel> kernels;
  const Emitter& emitter = *all_slices().emitters().find(program);
  if (const auto why = emitter.illegal(op, program, gpu)) return "illegal: " + *why;
  const Kernel kernel = emitter.emit(op, program, gpu);
  auto found = kernels.find(kernel.source);
  if (found == kernels.end()) {
    Failure failure;
    auto compiled = compile_for_emulation(kernel, compiler(), 60, failure);
    if (!compiled) return program.text() + ": " + failure.detail + "\n" + kernel.source;
    found = kernels.emplace(kernel.source, std::move(*compiled)).first;
  }
  EmulatedDevice device(gpu);
  return report(program, verify_on(device, op, found->second, emitter.bind(op, program, gpu), seed));
}

}  // namespace perftune::testing
