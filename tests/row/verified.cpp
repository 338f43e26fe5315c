#include "tests/row/verified.hpp"

#include <cstring>
#include <map>
#include <span>

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

namespace {

// One text serves every shape: each is compiled once. The compiler's log where it fails.
std::string compiled_for_cpu(const Emitter& emitter, const Operator& op, const TileProgram& program,
                             const Hardware& hardware, CompiledKernel& compiled) {
  static std::map<std::string, std::string> binaries;
  compiled.kernel = emitter.emit(op, program, hardware);
  std::string& binary = binaries[hardware.cpu.isa + compiled.kernel.source];
  if (binary.empty()) {
    const auto host = HostCompiler::find();
    if (!host) return "no compiler";
    auto result = host->compile(compiled.kernel.source, cpu_device_headers(),
                                cpu_compile_flags(hardware.cpu.isa), 60);
    if (!result.ok) return program.text() + ": " + result.log.substr(0, 3000) + "\n" + compiled.kernel.source;
    binary = std::move(result.binary);
  }
  compiled.binary = binary;
  return {};
}

}  // namespace

std::string verify_on_cpu(const Emitter& emitter, const Operator& op, const TileProgram& program,
                          const Hardware& hardware, std::uint64_t seed) {
  if (const auto why = emitter.illegal(op, program, hardware)) return "illegal: " + *why;
  CompiledKernel compiled;
  if (auto log = compiled_for_cpu(emitter, op, program, hardware, compiled); !log.empty()) return log;
  CpuDevice device(hardware, 2, false);
  if (const auto failure = verify_on(device, op, compiled, emitter.bind(op, program, hardware), seed))
    return program.text() + ": " + failure->detail;
  return {};
}

std::vector<float> run_on_cpu(const Emitter& emitter, const Operator& op, const TileProgram& program,
                              const Hardware& hardware, const std::vector<float>& input) {
  CompiledKernel compiled;
  if (!compiled_for_cpu(emitter, op, program, hardware, compiled).empty()) return {};
  CpuDevice device(hardware, 2, false);
  const std::span<const std::byte> bytes = std::as_bytes(std::span(input));
  device.load(op, std::span(&bytes, 1));
  Failure failure;
  auto kernel = device.prepare(compiled, emitter.bind(op, program, hardware), failure);
  if (!kernel) return {};
  kernel->call();
  const auto stored = device.tensor(op.outputs().at(0));
  std::vector<float> output(stored.size() / sizeof(float));
  std::memcpy(output.data(), stored.data(), stored.size());
  return output;
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
