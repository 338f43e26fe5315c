// One device as data: limits, datasheet peaks, measured ceilings. Filled from
// recipes/hardware/*.yaml or by detection (executor/cpu); models cannot tell which.
//
// Units are in the names. A measured ceiling is absent until somebody measured it; the accessors
// at the end prefer it over the datasheet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "recipes/dtype.hpp"

namespace perftune {

// The unit of the machine that does the arithmetic: peaks differ by an order of magnitude.
enum class Pipe : std::uint8_t { scalar, tensor };

// Limits of one streaming multiprocessor (gpu) in the vocabulary of cuda_occupancy.h.
struct SmLimits {
  int max_threads = 0;                // per SM
  int max_warps = 0;                  // per SM
  int max_blocks = 0;                 // per SM
  int max_threads_per_block = 1024;
  int registers = 65536;              // 32-bit, per SM
  int registers_per_block = 65536;
  int max_registers_per_thread = 255;
  int register_allocation = 256;      // granularity, per warp
  int shared_bytes = 0;               // per SM
  int shared_bytes_per_block = 49152; // without opt-in
  int shared_bytes_optin = 0;         // per block, opted in
  int shared_bytes_reserved = 0;      // by the system, per block (1024 from sm_80)
  int shared_allocation = 128;        // granularity
  int sub_partitions = 4;             // warp schedulers
  int shared_bytes_per_clock = 128;
};

struct CpuLimits {
  int cores = 0;
  int simd_bits = 0;              // widest usable vector
  std::string isa;                // "avx512" | "avx2": what kernels are compiled for
  int vector_registers = 16;      // 32 with AVX-512
  int fma_per_cycle = 2;          // vector FMAs of `simd_bits` issued per cycle
  int fma_latency = 4;            // cycles
  std::int64_t l1_bytes = 0;      // data, per core
  std::int64_t l2_bytes = 0;      // per core
  std::int64_t l3_bytes = 0;      // whole
  double clock_ghz = 0;           // measured, not from /proc/cpuinfo
};

struct Hardware {
  enum class Kind : std::uint8_t { gpu, cpu };
  Kind kind = Kind::gpu;
  std::string name;                  // "a100-sxm-80gb", "cpu-local"
  std::string vendor_name;
  std::vector<std::string> aliases;  // "a100"
  std::string arch;                  // "sm_80", "sm_90a"; on a CPU the isa
  int compute_capability = 0;        // 80 for 8.0
  bool model_only = false;           // no compiler here targets it (V100 with NVRTC 13)
  std::string note;

  int sms = 0;                       // SMs; cores on a CPU
  double boost_ghz = 0;              // maximum clock
  double tensor_ghz = 0;             // sustained under tensor-core load
  double power_watts = 0;            // board power limit; 0: unknown, clocks are taken as sustained
  SmLimits sm;
  CpuLimits cpu;

  double dram_gbps = 0;              // datasheet
  double dram_gib = 0;
  double l2_mib = 0;
  double l2_gbps = 0;                // 0: unknown, models estimate
  // Dense peaks by data type in TFLOP/s (TOP/s for integers), by pipe.
  std::map<DType, double> scalar_tflops;
  std::map<DType, double> tensor_tflops;
  double launch_us_stream = 0;       // between dependent empty kernels
  double launch_us_graph = 0;

  // Measured ceilings, keyed by what they measure: "dram_gbps", "l2_gbps", "l1_gbps",
  // "fma_f32_tflops", "tensor_bf16_tflops", ... each with the source of the number.
  struct Measured {
    double value = 0;
    std::string source;
  };
  std::map<std::string, Measured> measured;

  // Where a field's number comes from when it is not the datasheet's, by the field's name.
  std::map<std::string, std::string> sources;

  std::optional<double> measured_value(const std::string& key) const;
  // Ceilings to model with: measured where known, else datasheet.
  double dram_ceiling_gbps() const;
  double peak_tflops(DType type, Pipe pipe) const;  // 0: the pipe does not take the type
};

}  // namespace perftune
