#include "tests/cpu/compiled_kernel.hpp"

#include "codegen/cpu/contraction_emitter.hpp"
#include "codegen/cpu/headers.hpp"
#include "executor/cpu_device.hpp"
#include "executor/host_compiler.hpp"
#include "executor/verification.hpp"
#include "recipes/operator_file.hpp"

namespace perftune {

bool runs_here(const std::string& isa) {
  if (isa == "avx512") {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

Hardware test_cpu(const std::string& isa) {
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

Operator operator_from(const std::string& yaml) {
  return parse_operator_text(yaml, "test.yaml").at(0).op;
}

std::string verify_program(const Operator& op, const CpuTiles& tiles, const Hardware& hardware,
                           std::uint64_t seed, const std::string& compiler) {
  const CpuContractionEmitter emitter;
  const TileProgram program = tiles.to_program();
  if (const auto why = emitter.illegal(op, program, hardware)) return "illegal: " + *why;
  const auto host = HostCompiler::find(compiler);
  if (!host) return "no compiler";
  CompiledKernel compiled;
  compiled.kernel = emitter.emit(op, program, hardware);
  const auto flags = cpu_compile_flags(hardware.cpu.isa);
  auto result = host->compile(compiled.kernel.source, cpu_device_headers(), flags, 60);
  if (!result.ok) return program.text() + ": " + result.log.substr(0, 2000);
  compiled.binary = std::move(result.binary);
  CpuDevice device(hardware, 2, false);
  const Launch launch = emitter.bind(op, program, hardware);
  if (const auto failure = verify_on(device, op, compiled, launch, seed))
    return program.text() + ": " + failure->detail;
  return {};
}

}  // namespace perftune
