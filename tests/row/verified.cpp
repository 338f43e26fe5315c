#include "tests/row/verified.hpp"

#include <map>

#include "codegen/cpu/headers.hpp"
#include "codegen/emulation/headers.hpp"
#include "executor/cpu_device.hpp"
#include "executor/emulated_device.hpp"
#include "executor/host_compiler.hpp"
#include "executor/verification.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"

namespace perftune::testing {

Operator operator_of(const std::string& yaml) { return parse_operator_text(yaml, "test.yaml").at(0).op; }

bool isa_runs_here(const std::string& isa) {
  if (isa == "avx512")
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

Hardware row_test_cpu(const std::string& isa) {
  Hardware hardware;
  hardware.kind = Hardware::Kind::cpu;
  hardware.name = "cpu-test";
  hardware.arch = isa;
  hardware.sms = 2;
  hardware.cpu.cores = 2;
  hardware.cpu.isa = isa;
  hardware.cpu.simd_bits = isa == "avx512" ? 512 : 256;
  hardware.cpu.vector_registers = isa == "avx512" ? 32 : 16;
  hardware.cpu.l1_bytes = 48 << 10;
  hardware.cpu.l2_bytes = 1 << 20;
  hardware.cpu.l3_bytes = 32 << 20;
  hardware.cpu.clock_ghz = 4;
  return hardware;
}

std::string verify_on_cpu(const Emitter& emitter, const Operator& op, const TileProgram& program,
                          const Hardware& hardware, std::uint64_t seed) {
  if (const auto why = emitter.illegal(op, program, hardware)) return "illegal: " + *why;
  const auto host = HostCompiler::find();
  if (!host) return "no compiler";
  CompiledKernel compiled;
  compiled.kernel = emitter.emit(op, program, hardware);
  // One text serves every shape: each is compiled once.
  static std::map<std::string, std::string> binaries;
  std::string& binary = binaries[hardware.cpu.isa + compiled.kernel.source];
  if (binary.empty()) {
    auto result = host->compile(compiled.kernel.source, cpu_device_headers(),
                                cpu_compile_flags(hardware.cpu.isa), 60);
    if (!result.ok) return program.text() + ": " + result.log.substr(0, 3000) + "\n" + compiled.kernel.source;
    binary = std::move(result.binary);
  }
  compiled.binary = binary;
  CpuDevice device(hardware, 2, false);
  if (const auto failure = verify_on(device, op, compiled, emitter.bind(op, program, hardware), seed))
    return program.text() + ": " + failure->detail;
  return {};
}

std::string verify_emulated(const Emitter& emitter, const Operator& op, const TileProgram& program,
                            const std::string& gpu, std::uint64_t seed) {
  const Hardware& hardware = find_hardware(gpu);
  if (const auto why = emitter.illegal(op, program, hardware)) return "illegal: " + *why;
  const auto compiler = HostCompiler::find();
  if (!compiler) return "no compiler";
  Failure failure;
  const auto compiled = compile_for_emulation(emitter.emit(op, program, hardware), *compiler, 60, failure,
                                              emulation_device_headers());
  if (!compiled) return program.text() + ": " + failure.detail.substr(0, 3000);
  EmulatedDevice device(hardware);
  if (const auto wrong = verify_on(device, op, *compiled, emitter.bind(op, program, hardware), seed))
    return program.text() + ": " + wrong->detail;
  return {};
}

}  // namespace perftune::testing
