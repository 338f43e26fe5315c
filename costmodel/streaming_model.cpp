#include "costmodel/streaming_model.hpp"

#include <algorithm>
#include <cmath>

#include "costmodel/occupancy.hpp"
#include "costmodel/wave_traffic.hpp"

namespace perftune {
namespace {

constexpr double kFloat = 4;      // bytes
constexpr double kVector = 4;     // columns that a thread loads at once
constexpr int kRowRegisters = 40; // of the block-per-row kernels: six blocks of 256 threads on an SM

// Reads of rows that come from DRAM: once, and again what neither L1 nor L2 kept. Written rows take as much
// room in L2 as those that are read.
double reads_from_dram(const RowKernel& row, double resident, const Hardware& hw, const GpuParameters& p) {
  const double l2 = hw.l2_mib * 1048576 / memory_path(hw.compute_capability).l2_copies;
  const double at_work = std::min(row.rows, resident * hw.sms) * row.row_bytes;
  const double in_l2 = hit_share(2 * at_work, l2 * p.l2_full, l2 * p.l2_none);
  // L1 and shared memory are one; a kernel that uses little shared memory has nearly all of it as L1.
  const double l1 = hw.sm.shared_bytes;
  const double in_l1 = hit_share(resident * row.row_bytes, l1 * p.l1_full, l1 * p.l2_none);
  return 1 + (row.passes - 1) * (1 - in_l1) * (1 - in_l2);
}

}  // namespace

StreamingTime streaming_time(const StreamingWork& work, const Hardware& hw,
                             const LaunchContext& context, const GpuParameters& p) {
  const MemoryPath path = memory_path(hw.compute_capability);
  const RowKernel& row = work.row;
  StreamingTime t;
  double reads = work.read_bytes;
  if (row.rows > 0) {
    const double resident = double(row.rows_per_block) * std::max(1, occupancy(hw, row.threads, row.registers, 0).blocks);
    reads *= reads_from_dram(row, resident, hw, p);
    const double row_us = (p.row_cycles + row.cycles) / hw.boost_ghz * 1e-3 + path.dram_latency_ns * 1e-3 +
                          row.passes * row.loads_in_turn * p.loaded_latency * path.l2_latency_ns * 1e-3;
    t.rows_us = row.rows / (resident * hw.sms) * row_us;
  }
  t.dram_bytes = reads + work.write_bytes;
  t.launch_us = launch_floor_us(hw, context, p);
  const double share = path.gddr ? p.stream_share_gddr : p.stream_share_hbm;
  t.dram_us = t.dram_bytes / (hw.dram_gbps * share) * 1e-3;
  // Rows wait for DRAM and DRAM for rows: where both take as long they overlap in part.
  const double both_us = t.rows_us > 0 ? std::pow(std::pow(t.dram_us, p.row_overlap) + std::pow(t.rows_us, p.row_overlap),
                                                  1 / p.row_overlap)
                                       : t.dram_us;
  const double fill_us = path.dram_latency_ns * 1e-3 + p.block_start_cycles / hw.boost_ghz * 1e-3;
  t.total_us = t.launch_us + fill_us + both_us;
  return t;
}

StreamingWork softmax_work(double rows, double columns) {
  const double bytes = rows * columns * kFloat;
  StreamingWork work{bytes, bytes, {}};
  work.row = {rows, columns * kFloat, 1, 0, 0, 128, 0, 1};
  if (columns <= 1024) {
    // The kernel is instantiated for powers of two: a lane has as many columns, absent ones too.
    constexpr double kStepCycles = 370;  // of a warp's 32 columns: loads without vectors, exponentials, shuffles
    const double steps = std::exp2(std::ceil(std::log2(std::max(1.0, columns)))) / 32;
    work.row.cycles = kStepCycles * steps;
    work.row.registers = static_cast<int>(steps) + 24;
    work.row.rows_per_block = 4;
    return work;
  }
  work.row.passes = 3;
  work.row.threads = columns <= 2048 ? 256 : 512;
  work.row.registers = kRowRegisters;
  const double vectors = std::floor(columns / (kVector * work.row.threads));
  work.row.loads_in_turn = vectors + std::ceil((columns - vectors * kVector * work.row.threads) / work.row.threads);
  return work;
}

StreamingWork layer_norm_work(double rows, double columns) {
  const double bytes = rows * columns * kFloat;
  constexpr int kThreads = 128;
  return {bytes, bytes, {rows, columns * kFloat, 2, std::ceil(columns / (kVector * kThreads)), 0, kThreads, kRowRegisters, 1}};
}

StreamingWork elementwise_work(double elements, int operands) {
  return {operands * elements * kFloat, elements * kFloat, {}};
}

}  // namespace perftune
