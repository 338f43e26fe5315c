// The physical constants of the GPU pipeline model: each has a unit, a meaning and a source.
//
// None belongs to a shape or to a product; what differs between architectures is listed by
// compute capability in MemoryPath and by instruction class below. docs/model.md gives sources
// and calibrations at length. Values only; a calibration (bench/model_accuracy) passes its own.
#pragma once

namespace perftune {

// What a load meets on its way, by architecture. Latencies in nanoseconds at the boost clock from
// published pointer chases; widths from published bandwidth tests.
struct MemoryPath {
  double l2_latency_ns = 200;
  double dram_latency_ns = 500;
  double l2_bytes_per_clock_per_sm = 36;  // sustained read width when no bandwidth was measured
  bool gddr = false;                      // GDDR6(X) rather than HBM
  double process_energy = 1;              // energy per operation relative to TSMC 7 nm
};
MemoryPath memory_path(int compute_capability);

struct GpuParameters {
  // Share of the datasheet's DRAM bandwidth that a read stream reaches where none was measured.
  double dram_efficiency = 0.90;
  // Cost of a written byte over a read one: bus turnaround, and ECC in line on GDDR.
  double hbm_write_cost = 1.25;
  double gddr_write_cost = 1.8;
  // Share of L2 that holds one kernel's reusable data: hashing and writes take the rest.
  double l2_usable = 0.9;
  // Exponent of the p-norm that combines overlapping stages: infinity would be a perfect overlap.
  double overlap_exponent = 6;
  // Between dependent empty kernels where the device's own figure is unknown: A100 2.6 and 1.31,
  // H200 2.4 and 1.22 (published launch benchmarks).
  double launch_stream_us = 2.5;
  double launch_graph_us = 1.25;
  // From a block's dispatch to its first load's issue.
  double block_start_ns = 300;
  // From the last mma to the end of a block's stores, beside the bytes they move.
  double block_end_ns = 400;
  // Serial cycles of one block per k step beside its arithmetic: barrier, first fragment loads,
  // loop control. Other resident blocks fill them.
  double step_cycles_simt = 60;
  double step_cycles_mma = 100;
  double step_cycles_wgmma = 40;
  // Latency of one dependent tensor instruction (k = 16 of 16-bit), cycles: 33 on sm_80 (Sun et
  // al., arXiv 2206.02874), 32 for narrow wgmma (Luo et al., arXiv 2402.13499).
  double mma_latency_cycles = 33;
  // Share of a pipe's peak rate that the inner loop reaches with operands at hand.
  double math_efficiency = 0.95;
  // mma.sync's share of the tensor peak where wgmma (sm_90) or tcgen05 (sm_100) is needed for the
  // whole: Luo et al., "Benchmarking and Dissecting the Nvidia Hopper GPU", arXiv 2402.13499.
  double mma_share_sm90 = 0.62;
  double mma_share_sm100 = 0.31;
  // Split-k: partial sums cross L2 once each way, and the last block waits for the others.
  double reduction_latency_us = 1.0;
  // Power, for the clock of kernels that would exceed the board's limit: static share of the
  // limit; picojoule per FLOP at 1.41 GHz in 7 nm; exponent of energy against clock (voltage
  // follows the clock); picojoule per DRAM byte.
  double static_power = 0.2;
  double mma_pj_per_flop = 0.9;
  double wgmma_pj_per_flop = 0.8;
  double fma_pj_per_flop = 9;
  double energy_clock_exponent = 1.3;
  double dram_pj_per_byte = 40;
};

}  // namespace perftune
