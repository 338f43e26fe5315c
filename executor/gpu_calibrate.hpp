// The ceilings of a present GPU, measured: what `hardware calibrate --gpu` writes and rooflines are drawn at.
//
//   dram_gbps l2_gbps              reading; read_gbps_*kib is the rate at each working set
//   dram_gbps_*_blocks_per_sm      reading DRAM with that many blocks' bytes in flight
//   dram_copy_gbps shared_gbps     bytes read + written; all SMs together
//   fma_f32_tflops fma_f64_tflops  independent FMAs
//   tensor_*_tflops                wgmma on sm_90a, else mma.sync
//   launch_us_stream launch_us_graph  between dependent empty kernels
//   sustained_tensor_mhz           the clock after a second of tensor work (with NVML)
//
// Each rate is the best of several launches: other load only lowers one. Throws Error{unavailable} when
// the device cannot be used. In a worker process: a driver may bring its process down.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "executor/cuda_driver.hpp"
#include "executor/nvml.hpp"
#include "executor/nvrtc.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

struct GpuCalibrationOptions {
  double seconds_per_value = 0.15;
  double launch_ms = 2;             // of a timed launch, at least
  std::int64_t most_bytes = std::int64_t{1} << 30;
  int blocks_per_sm = 8;
  int empty_launches = 500;
  double tensor_load_seconds = 1;
  std::string date;                 // into each source
};

// `sensors` may be nullptr. What does not run is left out.
std::map<std::string, Hardware::Measured> calibrate_gpu(const cuda::Driver& driver, int ordinal,
                                                        const Hardware& hardware, const Nvrtc& nvrtc,
                                                        const GpuSensors* sensors,
                                                        const GpuCalibrationOptions& options);

}  // namespace perftune
