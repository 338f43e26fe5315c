// The pipeline model of a tiled contraction on a GPU: numbers in, numbers out.
//
//   time = launch + fill + waves x (k steps x step + exposed ends)
//
// where a step is the slowest of its overlapping stages. contraction_gpu.hpp (our programs) and
// library_model.hpp (vendor libraries) both call it; docs/model.md derives each term.
// Pure, allocation-free, thread-safe: about a microsecond per program.
#pragma once

#include <cstdint>

#include "codegen/contraction_tiles.hpp"
#include "costmodel/gpu_parameters.hpp"
#include "recipes/hardware.hpp"

namespace perftune {

enum class InstructionClass : std::uint8_t { simt, mma, wgmma };

// One operand as memory sees it.
struct OperandTraffic {
  double element_bytes = 4;
  double sector_factor = 1;  // bytes moved in 32-byte sectors over bytes used
  double unique_bytes = 0;   // distinct bytes of the whole tensor that the kernel touches
};

struct ContractionWork {
  double batch = 1, m = 1, n = 1, k = 1;
  OperandTraffic a, b, c;
  double extra_bytes = 0;  // other inputs of the epilogue, each once
  DType multiply = DType::f32;
  DType accumulate = DType::f32;
};

// How the launch finds the machine.
struct LaunchContext {
  bool graph = false;      // launched from a CUDA graph: the smaller floor
  double launch_us = -1;   // < 0: the hardware's figure for stream or graph
  // How many launches until the same operand is read again, in units of distinct buffers that
  // passed; infinity is a cold cache, 1 the same buffers every time.
  double a_rotation = 1e9;
  double b_rotation = 1e9;
};

struct PipelineProgram {
  ContractionTiles tiles;
  InstructionClass instruction = InstructionClass::simt;
  int registers = 0;
  std::int64_t shared_bytes = 0;
  bool reduces_in_second_kernel = false;  // split-k's parts are added by another launch, as libraries do
};

// Microseconds. Overlapped stages are what the kernel would take if the stage were alone.
struct PipelineTime {
  double total_us = 0;
  double launch_us = 0, fill_us = 0, epilogue_us = 0, reduction_us = 0, sync_us = 0, tail_us = 0;
  double dram_us = 0, l2_us = 0, shared_us = 0, issue_us = 0, math_us = 0, latency_us = 0;
  double dram_bytes = 0, l2_bytes = 0;
  double waves = 0;       // blocks over blocks resident at once
  double occupancy = 0;   // warps over the maximum
  double padding = 1;     // computed over useful multiply-adds
  double clock_ghz = 0;   // after the board's power limit
  int blocks_per_sm = 0;  // 0: the program cannot run
};

// What every launch costs: the context's own figure, the hardware's, else the parameters'.
double launch_floor_us(const Hardware& hardware, const LaunchContext& context,
                       const GpuParameters& parameters);

PipelineTime contraction_time(const ContractionWork& work, const PipelineProgram& program,
                              const Hardware& hardware, const LaunchContext& context,
                              const GpuParameters& parameters);

}  // namespace perftune
