// The physical constants of the GPU pipeline model: each has a unit, a meaning and a source.
//
// None belongs to a shape or to a product; what differs between architectures is listed by
// compute capability in MemoryPath and by instruction class below. docs/model.md gives sources
// and calibrations at length. Values only; a calibration (bench/model_accuracy) passes its own.
#pragma once

#include <span>

namespace perftune {

// What a load meets on its way, by architecture. Latencies in nanoseconds at the boost clock from
// published pointer chases; widths from published bandwidth tests.
struct MemoryPath {
  double l2_latency_ns = 200;
  double dram_latency_ns = 500;
  double l2_bytes_per_clock_per_sm = 36;  // sustained read width when no bandwidth was measured
  bool gddr = false;                      // GDDR6(X) rather than HBM
  double l2_copies = 1;                   // partitions that each keep their own copy of a line
  double process_energy = 1;              // energy per operation relative to TSMC 7 nm
};
MemoryPath memory_path(int compute_capability);

// Shared by every GPU and shape; calibrated by bench/model_accuracy unless a source is named.
struct GpuParameters {
  // Share of the datasheet's DRAM bandwidth, and of the L2 bandwidth of MemoryPath, that loads of
  // each instruction class reach: vector loads, cp.async, TMA.
  double dram_share_simt = 0.7, dram_share_mma = 0.72, dram_share_wgmma = 0.875, dram_share_gddr = 0.765;
  double l2_share_simt = 0.78, l2_share_mma = 0.79, l2_share_wgmma = 1.22;
  // The same for kernels that only stream (copies, maps): reads and writes in long runs.
  double stream_share_hbm = 0.88, stream_share_gddr = 0.78;
  // Cost of a written byte over a read one: bus turnaround, and ECC in line on GDDR.
  double hbm_write_cost = 1.23;
  double gddr_write_cost = 1.17;
  // Footprint, as a share of L2 (of one partition's part where lines are kept twice), up to which
  // everything read again hits, and from which nothing does.
  double l2_full = 0.61;
  double l2_none = 1.2;
  // The same for L1, from which it is as l2_none. L1 is what shared memory is cut from.
  double l1_full = 0.3;
  // Latency of loads in a busy machine over that of a lone pointer chase; and of a tile's way into shared memory,
  // from its request to the barrier behind which it is read.
  double loaded_latency = 2.26;
  double staged_latency = 3.66;
  // Between dependent empty kernels where the device's own figure is unknown: A100 2.6 and 1.31,
  // H200 2.4 and 1.22 (published launch benchmarks).
  double launch_stream_us = 2.5;
  double launch_graph_us = 1.25;
  // From a launch's start to its blocks' first loads: scheduling, arguments, address set-up; and what tensor
  // maps, mbarriers and clusters of wgmma kernels add.
  double block_start_cycles = 1610;
  double tma_start_cycles = 840;
  // Width of one SM's port to L2, bytes per clock (NVIDIA A100 whitepaper: 64 read).
  double sm_port_bytes_per_clock = 64;
  // One row of a library's softmax or layer norm beside its loads: start and end of a block, the sums across it.
  double row_cycles = 4400;
  // Exponent of the norm by which rows and DRAM add up: 1 one after the other, large the longer of both.
  double row_overlap = 3.5;
  // Bandwidth of stores into L2 over that of loads from it, in kernels that sweep rows.
  double store_share = 0.36;
  // What one SM's tiles leave by: bytes per clock through registers and shared memory, or by TMA.
  double store_bytes_simt = 10, store_bytes_mma = 7.4, store_bytes_wgmma = 12.8;
  // Share of an output's DRAM time in which a lone block per SM computes nothing: blocks of a wave end together,
  // and L2 writes back what they push out. Several blocks on an SM divide it.
  double store_exposed = 0.73;
  // From the last multiply-add to the end of a block's stores, beside the bytes they move.
  double block_end_cycles = 15;
  // Serial cycles of one block per k step beside its arithmetic: barrier, first fragment loads,
  // loop control. Other resident blocks fill them. That of mma is for blocks of four warps, one per
  // scheduler: further warps of a scheduler go on while one waits, and hide it by this power of their number.
  double step_hiding_mma = 3.8;
  double step_cycles_simt = 80;
  double step_ns_mma = 100;  // nanoseconds: the same on A100 and L40S, whose clocks differ by 1.8
  double step_cycles_wgmma = 0;
  // One dependent tensor instruction (k = 16 of 16-bit) in a kernel's loop, cycles. Alone it takes
  // 33 on sm_80 (Sun et al., arXiv 2206.02874) and 32 as narrow wgmma (Luo et al., 2402.13499).
  double mma_latency_cycles = 42;
  // Share of a pipe's peak rate that the inner loop reaches with operands at hand.
  double math_efficiency = 0.98;
  // Share of TMA's writes to shared memory that keep wgmma from reading its operands: of 0, 0.25, 0.5, 0.75
  // and 1 the bf16 H100 set takes the first three alike and the last at 0.3 points more error.
  double wgmma_write_share = 0.5;
  // mma.sync's share of the tensor peak where wgmma (sm_90) or tcgen05 (sm_100) is needed for the
  // whole: Luo et al., "Benchmarking and Dissecting the Nvidia Hopper GPU", arXiv 2402.13499.
  double mma_share_sm90 = 0.62;
  double mma_share_sm100 = 0.31;
  // Split-k within one kernel: partial sums cross L2 once each way, and the last block waits for the others.
  // (A library's second kernel costs a launch and a start instead.)
  double reduction_latency_us = 2.35;
  // Power, for the clock of kernels that would exceed the board's limit: static share of the
  // limit; picojoule per FLOP at 1.41 GHz in 7 nm; exponent of energy against clock (voltage
  // follows the clock); picojoule per DRAM byte.
  double static_power = 0.37;
  double mma_pj_per_flop = 0.69;
  double wgmma_pj_per_flop = 0.5;
  double fma_pj_per_flop = 11.3;
  double energy_clock_exponent = 2.3;
  double voltage_floor_ghz = 1.3;  // below it the voltage, and with it energy, falls no further
  double dram_pj_per_byte = 50;
};

// The calibrated ones by name, for calibration and reports.
struct NamedParameter {
  const char* name;
  double GpuParameters::* field;
};
std::span<const NamedParameter> named_parameters();

}  // namespace perftune
