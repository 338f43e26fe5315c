#include "costmodel/streaming_model.hpp"

#include <algorithm>

#include "costmodel/wave_traffic.hpp"

namespace perftune {
namespace {

constexpr double kFloat = 4;  // bytes

// Bytes of the rows that all SMs work on at once, a block per row.
double rows_in_flight_bytes(double rows, double columns, int threads, const Hardware& hw) {
  const double blocks = hw.sms * std::min<double>(hw.sm.max_blocks, hw.sm.max_threads / threads);
  return std::min(rows, blocks) * columns * kFloat;
}

}  // namespace

StreamingTime streaming_time(const StreamingWork& work, const Hardware& hw,
                             const LaunchContext& context, const GpuParameters& p) {
  const MemoryPath path = memory_path(hw.compute_capability);
  const double l2 = hw.l2_mib * 1048576 / path.l2_copies;
  const double reread_misses = 1 - hit_share(work.in_flight_bytes, l2 * p.l2_full, l2 * p.l2_none);
  const double reads = work.read_bytes * (1 + (work.passes - 1) * reread_misses);
  StreamingTime t;
  t.dram_bytes = reads + work.write_bytes;
  t.launch_us = launch_floor_us(hw, context, p);
  const double share = path.gddr ? p.stream_share_gddr : p.stream_share_hbm;
  t.dram_us = t.dram_bytes / (hw.dram_gbps * share) * 1e-3;
  const double fill_us = path.dram_latency_ns * 1e-3 + p.block_start_cycles / hw.boost_ghz * 1e-3;
  t.total_us = t.launch_us + fill_us + t.dram_us;
  return t;
}

StreamingWork softmax_work(double rows, double columns, const Hardware& hw) {
  const double bytes = rows * columns * kFloat;
  if (columns <= 1024) return {bytes, bytes, 1, 0};
  return {bytes, bytes, 3, rows_in_flight_bytes(rows, columns, columns <= 2048 ? 256 : 512, hw)};
}

StreamingWork layer_norm_work(double rows, double columns, const Hardware& hw) {
  const double bytes = rows * columns * kFloat;
  return {bytes, bytes, 2, rows_in_flight_bytes(rows, columns, 128, hw)};
}

StreamingWork elementwise_work(double elements, int operands) {
  return {operands * elements * kFloat, elements * kFloat, 1, 0};
}

}  // namespace perftune
