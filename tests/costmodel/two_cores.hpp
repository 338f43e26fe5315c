// A CPU that is plain data, for tests of its models.
#pragma once

#include "recipes/hardware.hpp"

namespace perftune {

inline Hardware two_cores() {
  Hardware hardware;
  hardware.kind = Hardware::Kind::cpu;
  hardware.name = "cpu-test";
  hardware.sms = 2;
  CpuLimits& cpu = hardware.cpu;
  cpu.cores = 2, cpu.simd_bits = 512, cpu.isa = "avx512", cpu.vector_registers = 32;
  cpu.fma_per_cycle = 2, cpu.fma_latency = 4, cpu.clock_ghz = 3.9;
  cpu.l1_bytes = 48 << 10, cpu.l2_bytes = 1 << 20, cpu.l3_bytes = 32 << 20;
  hardware.dram_gbps = 40;
  return hardware;
}

}  // namespace perftune
