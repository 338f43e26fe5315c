#include "costmodel/occupancy.hpp"

#include <algorithm>
#include <climits>

namespace perftune {
namespace {

constexpr int kWarpThreads = 32;

constexpr std::int64_t round_up(std::int64_t value, std::int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

int limit_by_threads(const SmLimits& sm, int threads, int warps) {
  if (threads > sm.max_threads_per_block) return 0;
  return sm.max_warps / warps;
}

// Registers are handed to warps in units, from the file of the sub-partition that the warp runs on.
int limit_by_registers(const SmLimits& sm, int registers, int warps) {
  if (registers == 0) return INT_MAX;
  const std::int64_t per_warp = round_up(std::int64_t{registers} * kWarpThreads, sm.register_allocation);
  // The launch check assumes that every sub-partition gets the same number of warps.
  if (per_warp * round_up(warps, sm.sub_partitions) > sm.registers_per_block) return 0;
  if (registers > sm.max_registers_per_thread) return 0;
  const std::int64_t warps_per_partition = sm.registers / sm.sub_partitions / per_warp;
  return static_cast<int>(warps_per_partition * sm.sub_partitions / warps);
}

int limit_by_shared_memory(const SmLimits& sm, std::int64_t shared_bytes) {
  const std::int64_t per_block =
      round_up(shared_bytes + sm.shared_bytes_reserved, sm.shared_allocation);
  const std::int64_t most = std::max(sm.shared_bytes_optin, sm.shared_bytes_per_block);
  if (per_block > most + sm.shared_bytes_reserved) return 0;
  return per_block == 0 ? INT_MAX : static_cast<int>(sm.shared_bytes / per_block);
}

}  // namespace

std::string_view name(OccupancyLimit limit) {
  switch (limit) {
    case OccupancyLimit::threads: return "threads";
    case OccupancyLimit::registers: return "registers";
    case OccupancyLimit::shared_memory: return "shared memory";
    case OccupancyLimit::blocks: return "blocks";
    case OccupancyLimit::none: break;
  }
  return "none";
}

Occupancy occupancy(const Hardware& hardware, int threads, int registers,
                    std::int64_t shared_bytes) {
  const SmLimits& sm = hardware.sm;
  const int warps = std::max(1, (threads + kWarpThreads - 1) / kWarpThreads);
  Occupancy result;
  result.by_threads = limit_by_threads(sm, threads, warps);
  result.by_registers = limit_by_registers(sm, registers, warps);
  result.by_shared_memory = limit_by_shared_memory(sm, shared_bytes);
  result.by_blocks = sm.max_blocks;
  result.blocks = std::min({result.by_threads, result.by_registers, result.by_shared_memory,
                            result.by_blocks});
  result.warps = result.blocks * warps;
  result.fraction = sm.max_warps > 0 ? static_cast<double>(result.warps) / sm.max_warps : 0;
  if (result.blocks == result.by_threads) result.limit = OccupancyLimit::threads;
  else if (result.blocks == result.by_registers) result.limit = OccupancyLimit::registers;
  else if (result.blocks == result.by_shared_memory) result.limit = OccupancyLimit::shared_memory;
  else result.limit = OccupancyLimit::blocks;
  return result;
}

}  // namespace perftune
