#include "profiler/plausibility.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace perftune {
namespace {

// Clocks are measured on busy machines, and boost above what was seen.
constexpr double kMargin = 1.15;

double cpu_peak_gflops(const Operator& op, const Hardware& hardware, int threads) {
  const CpuLimits& cpu = hardware.cpu;
  const int cores = std::max(cpu.cores, 1);
  const int used = std::min(threads, cores);
  // 16- and 8-bit types are computed in the accumulator's type; a narrower one would be faster.
  const double lanes = cpu.simd_bits / 8.0 / static_cast<double>(size_bytes(op.accumulate));
  const double by_units = used * cpu.clock_ghz * cpu.fma_per_cycle * lanes * 2;
  const double by_table = hardware.peak_tflops(op.accumulate, Pipe::scalar) * 1e3 * used / cores;
  return std::max(by_units, by_table);
}

// A ceiling that was measured while others used the machine can be far too low; two full vectors per
// cycle and core are what any present core's L1 may deliver, so a measurement only raises it.
double cpu_cache_gbps(const Hardware& hardware, int threads) {
  const std::optional<double> measured = hardware.measured_value("l1_gbps");
  if (!measured) return 0;
  const CpuLimits& cpu = hardware.cpu;
  const int used = std::min(threads, std::max(cpu.cores, 1));
  return std::max(*measured, used * cpu.clock_ghz * 2 * cpu.simd_bits / 8.0);
}

// A calibration that fell short must not turn a good kernel away: the datasheet's peak stands beside it.
double peak_of(const Hardware& hardware, DType type, Pipe pipe) {
  const auto& peaks = pipe == Pipe::tensor ? hardware.tensor_tflops : hardware.scalar_tflops;
  const auto found = peaks.find(type);
  return std::max(hardware.peak_tflops(type, pipe), found == peaks.end() ? 0.0 : found->second);
}

// 64 bytes per clock are what an SM takes from L2 (CUDA tuning guides, sm_70 to sm_90).
double gpu_cache_gbps(const Hardware& hardware) {
  const std::optional<double> measured = hardware.measured_value("l2_gbps");
  if (!measured) return 0;
  return std::max(*measured, 64 * hardware.sms * hardware.boost_ghz);
}

double gpu_peak_gflops(const Operator& op, const Hardware& hardware) {
  double tflops = 0;
  for (int slot : op.inputs()) {
    const DType type = op.tensors[static_cast<std::size_t>(slot)].type;
    tflops = std::max({tflops, peak_of(hardware, type, Pipe::scalar), peak_of(hardware, type, Pipe::tensor)});
  }
  // Datasheet peaks of some devices are below the maximum clock's (H200: 989 at 1.83 GHz of 1.98).
  const double clocks = hardware.tensor_ghz > 0 ? hardware.boost_ghz / hardware.tensor_ghz : 1;
  return tflops * 1e3 * std::max(clocks, 1.0);
}

}  // namespace

LeastTime least_possible(const Operator& op, const Hardware& hardware, const Policy& policy) {
  const bool cpu = hardware.kind == Hardware::Kind::cpu;
  const double gflops =
      (cpu ? cpu_peak_gflops(op, hardware, policy.threads) : gpu_peak_gflops(op, hardware)) *
      kMargin;
  LeastTime least;
  if (gflops > 0) {
    least.us = op.flops() / gflops * 1e-3;
    least.because =
        fmt::format("{:.4g} GFLOP at no more than {:.4g} GFLOP/s", op.flops() * 1e-9, gflops);
  }
  const double cache_gbps = cpu ? cpu_cache_gbps(hardware, policy.threads)
                                : gpu_cache_gbps(hardware);
  if (cache_gbps > 0) {
    const double gbps = cache_gbps * kMargin;
    const double us = op.compulsory_bytes() / gbps * 1e-3;
    if (us > least.us) {
      least.us = us;
      least.because =
          fmt::format("{:.4g} MB at no more than {:.4g} GB/s", op.compulsory_bytes() * 1e-6, gbps);
    }
  }
  return least;
}

std::optional<std::string> impossible(double us, const LeastTime& least) {
  if (us >= least.us) return std::nullopt;
  return fmt::format("{:.4g} us is faster than the hardware can be: {} take {:.4g} us", us,
                     least.because, least.us);
}

std::string faster_than_dram(double us, const Operator& op, const Hardware& hardware) {
  const double gbps = hardware.dram_ceiling_gbps() * kMargin;
  if (gbps <= 0 || us >= op.compulsory_bytes() / gbps * 1e-3) return {};
  return fmt::format("faster than DRAM alone allows ({:.4g} MB at {:.4g} GB/s)",
                     op.compulsory_bytes() * 1e-6, gbps);
}

}  // namespace perftune
