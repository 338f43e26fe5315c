#include "executor/cpu_detect.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "recipes/error.hpp"

namespace perftune {

namespace {

double seconds(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct CoreTiming {
  double clock_ghz = 0;
  double fma_latency = 0;     // cycles
  double fmas_per_cycle = 0;  // vectors of the full width
};

// The three loops take turns, so that a change of clock or another process meets all of them, and
// each counts at its fastest: whatever else ran only ever adds time. Trials of about 0.3 ms fit
// between the interruptions of a busy machine.
CoreTiming time_core(CpuIsa isa) {
  constexpr std::int64_t adds = 15'000, chained = 4'000, independent = 40'000;
  double add_seconds = HUGE_VAL, chain_seconds = HUGE_VAL, fma_seconds = HUGE_VAL;
  std::int64_t vectors = 0;
  for (int trial = 0; trial < 80; ++trial) {
    add_seconds = std::min(add_seconds, seconds([] { dependent_adds(adds); }));
    chain_seconds = std::min(chain_seconds, seconds([&] { dependent_fmas(isa, chained); }));
    fma_seconds =
        std::min(fma_seconds,
                 seconds([&] { vectors = independent_fmas_f32(isa, independent) * independent; }));
  }
  const double hertz = 64.0 * adds / add_seconds;
  return {.clock_ghz = hertz / 1e9,
          .fma_latency = chain_seconds * hertz / (64.0 * chained),
          .fmas_per_cycle = static_cast<double>(vectors) / (fma_seconds * hertz)};
}

}  // namespace

Hardware detect_cpu(const CpuTopology& topology) {
  const CpuIsa isa = detect_cpu_isa();
  const CoreTiming core = time_core(isa);

  Hardware hardware;
  hardware.kind = Hardware::Kind::cpu;
  hardware.name = "cpu-local";
  hardware.vendor_name = cpu_brand();
  hardware.arch = name(isa);
  hardware.sms = static_cast<int>(topology.cores.size());
  hardware.boost_ghz = core.clock_ghz;
  hardware.dram_gib = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                      static_cast<double>(sysconf(_SC_PAGE_SIZE)) / (1 << 30);

  CpuLimits& cpu = hardware.cpu;
  cpu.cores = hardware.sms;
  cpu.simd_bits = simd_bits(isa);
  cpu.isa = name(isa);
  cpu.vector_registers = isa == CpuIsa::avx512 ? 32 : 16;
  cpu.fma_per_cycle = std::max(1, static_cast<int>(std::lround(core.fmas_per_cycle)));
  cpu.fma_latency = std::max(1, static_cast<int>(std::lround(core.fma_latency)));
  cpu.l1_bytes = topology.l1_bytes;
  cpu.l2_bytes = topology.l2_bytes;
  cpu.l3_bytes = topology.l3_bytes;
  cpu.clock_ghz = core.clock_ghz;

  // Two operations per FMA and lane; what the units could do, not what was measured.
  const double f32 =
      2.0 * (cpu.simd_bits / 32) * cpu.fma_per_cycle * core.clock_ghz * cpu.cores / 1e3;
  hardware.scalar_tflops = {{DType::f32, f32}, {DType::f64, f32 / 2}};
  return hardware;
}

}  // namespace perftune
