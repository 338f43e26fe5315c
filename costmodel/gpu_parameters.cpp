#include "costmodel/gpu_parameters.hpp"

namespace perftune {

// Latencies in cycles at boost from pointer chases (Jia et al. 2018/2019 for V100 and T4; Luo et
// al. 2402.13499 and chips-and-cheese for later parts), divided by the clock. L2 widths: measured
// bandwidth / (SMs x clock): V100 2330 GB/s, A100 5400, H100 7100, H200 9885 (shared gpus table).
MemoryPath memory_path(int compute_capability) {
  if (compute_capability < 75) return {140, 450, 19, false, 1, 1.1};
  if (compute_capability < 80) return {140, 420, 20, true, 1, 1.1};
  if (compute_capability < 86) return {180, 470, 36, false, 1.5, 1};
  if (compute_capability < 89) return {150, 480, 20, true, 1, 1.1};
  if (compute_capability < 90) return {130, 480, 17, true, 1, 0.65};
  if (compute_capability < 100) return {150, 480, 37, false, 1.5, 0.65};
  return {180, 500, 37, false, 1.5, 0.6};
}

std::span<const NamedParameter> named_parameters() {
  static constexpr NamedParameter kNamed[] = {
      {"dram_share_simt", &GpuParameters::dram_share_simt},
      {"dram_share_mma", &GpuParameters::dram_share_mma},
      {"dram_share_wgmma", &GpuParameters::dram_share_wgmma},
      {"dram_share_gddr", &GpuParameters::dram_share_gddr},
      {"l2_share_simt", &GpuParameters::l2_share_simt},
      {"l2_share_mma", &GpuParameters::l2_share_mma},
      {"l2_share_wgmma", &GpuParameters::l2_share_wgmma},
      {"stream_share_hbm", &GpuParameters::stream_share_hbm},
      {"stream_share_gddr", &GpuParameters::stream_share_gddr},
      {"hbm_write_cost", &GpuParameters::hbm_write_cost},
      {"gddr_write_cost", &GpuParameters::gddr_write_cost},
      {"l2_full", &GpuParameters::l2_full},
      {"l2_none", &GpuParameters::l2_none},
      {"staged_latency", &GpuParameters::staged_latency},
      {"block_start_cycles", &GpuParameters::block_start_cycles},
      {"tma_start_cycles", &GpuParameters::tma_start_cycles},
      {"store_bytes_simt", &GpuParameters::store_bytes_simt},
      {"store_bytes_mma", &GpuParameters::store_bytes_mma},
      {"store_bytes_wgmma", &GpuParameters::store_bytes_wgmma},
      {"store_exposed", &GpuParameters::store_exposed},
      {"block_end_cycles", &GpuParameters::block_end_cycles},
      {"step_cycles_simt", &GpuParameters::step_cycles_simt},
      {"step_ns_mma", &GpuParameters::step_ns_mma},
      {"step_hiding_mma", &GpuParameters::step_hiding_mma},
      {"step_cycles_wgmma", &GpuParameters::step_cycles_wgmma},
      {"mma_latency_cycles", &GpuParameters::mma_latency_cycles},
      {"math_efficiency", &GpuParameters::math_efficiency},
      {"static_power", &GpuParameters::static_power},
      {"mma_pj_per_flop", &GpuParameters::mma_pj_per_flop},
      {"wgmma_pj_per_flop", &GpuParameters::wgmma_pj_per_flop},
      {"fma_pj_per_flop", &GpuParameters::fma_pj_per_flop},
      {"energy_clock_exponent", &GpuParameters::energy_clock_exponent},
      {"dram_pj_per_byte", &GpuParameters::dram_pj_per_byte},
  };
  return kNamed;
}

}  // namespace perftune
