#include "costmodel/cpu_caches.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace perftune {
namespace {

constexpr double usable = 0.75;  // of a cache, beside the streams that pass through it
constexpr std::int64_t page_bytes = 4096;
constexpr std::int64_t l2_ways = 16;

// Share of the sets that lines `stride` bytes apart, `piece` bytes each, fall into.
double reachable(double piece, std::int64_t stride, std::int64_t way_bytes) {
  if (stride <= 0) return 1;
  const auto distinct = static_cast<double>(way_bytes / std::gcd(stride, way_bytes));
  return std::min(1.0, distinct * std::max(64.0, piece) / static_cast<double>(way_bytes));
}

}  // namespace

CpuCaches CpuCaches::of(const Hardware& hardware, int threads) {
  const CpuLimits& cpu = hardware.cpu;
  CpuCaches c;
  c.clock_ghz = std::max(0.5, cpu.clock_ghz);
  c.l1_bytes = cpu.l1_bytes, c.l2_bytes = cpu.l2_bytes, c.l3_bytes = cpu.l3_bytes;
  // Measured ceilings are of all cores together.
  const double cores = std::max(1, hardware.sms);
  const double active = std::max(1, threads);
  const auto per_core = [&](const char* key, double fallback) {
    const auto measured = hardware.measured_value(key);
    return measured ? *measured / cores / c.clock_ghz : fallback;
  };
  // A cache of a core's own serves it as if it were alone: what the core reached alone holds beside others.
  const auto own = [&](const char* all, const char* alone, double fallback) {
    return std::max(per_core(all, fallback), hardware.measured_value(alone).value_or(0) / c.clock_ghz);
  };
  const double vector_bytes = cpu.simd_bits / 8.0;
  c.l1_bytes_per_cycle = own("l1_gbps", "l1_gbps_1t", 2 * vector_bytes);
  c.l2_bytes_per_cycle = own("l2_gbps", "l2_gbps_1t", vector_bytes / 2);
  c.l3_bytes_per_cycle = per_core("l3_gbps", vector_bytes / 4);
  const double dram = hardware.dram_ceiling_gbps() > 0 ? hardware.dram_ceiling_gbps() : 20.0 * cores;
  // One core alone draws up to two thirds of what two do (measured on Zen 4: 24.5 of 33 GB/s).
  c.dram_bytes_per_cycle = (cores > 1 ? std::min(dram / active, dram * 0.7) : dram) / c.clock_ghz;
  c.l3_bytes_per_cycle = std::max(c.l3_bytes_per_cycle, c.dram_bytes_per_cycle);
  return c;
}

double CpuCaches::bytes_per_cycle(CacheLevel level) const {
  switch (level) {
    case CacheLevel::l1: return l1_bytes_per_cycle;
    case CacheLevel::l2: return l2_bytes_per_cycle;
    case CacheLevel::l3: return l3_bytes_per_cycle;
    case CacheLevel::dram: return dram_bytes_per_cycle;
  }
  return l1_bytes_per_cycle;
}

CacheLevel CpuCaches::level_of(double bytes) const {
  if (bytes <= usable * static_cast<double>(l1_bytes)) return CacheLevel::l1;
  if (bytes <= usable * static_cast<double>(l2_bytes)) return CacheLevel::l2;
  if (bytes <= usable * static_cast<double>(l3_bytes)) return CacheLevel::l3;
  return CacheLevel::dram;
}

double CpuCaches::streaming_bytes_per_cycle(double bytes) const {
  const auto stays = [&](std::int64_t size) {
    const auto all = static_cast<double>(size);
    return std::clamp((2 * all - bytes) / all, 0.0, 1.0);
  };
  const double l1 = stays(l1_bytes), l2 = stays(l2_bytes), l3 = stays(l3_bytes);
  return 1 / (l1 / l1_bytes_per_cycle + (1 - l1) * (l2 / l2_bytes_per_cycle +
              (1 - l2) * (l3 / l3_bytes_per_cycle + (1 - l3) / dram_bytes_per_cycle)));
}

bool CpuCaches::crowds(std::int64_t stride_bytes) {
  return stride_bytes != 0 && reachable(64, std::abs(stride_bytes), page_bytes) <= 0.125;
}

CacheLevel CpuCaches::level_of_strided(double rows, double piece_bytes,
                                       std::int64_t stride_bytes) const {
  const double bytes = rows * piece_bytes;
  const double l1 = usable * static_cast<double>(l1_bytes) *
                    reachable(piece_bytes, stride_bytes, page_bytes);
  const double l2 = usable * static_cast<double>(l2_bytes) *
                    reachable(piece_bytes, stride_bytes, std::max<std::int64_t>(64, l2_bytes / l2_ways));
  if (bytes <= l1) return CacheLevel::l1;
  if (bytes <= l2) return CacheLevel::l2;
  return std::max(CacheLevel::l3, level_of(bytes));
}

}  // namespace perftune
