// Where a block of an operand stays between its uses, and how fast it comes from there. Pure.
#pragma once

#include <cstdint>

#include "recipes/hardware.hpp"

namespace perftune {

enum class CacheLevel { l1, l2, l3, dram };

// What one core sees of the memory levels.
struct CpuCaches {
  double clock_ghz = 1;
  std::int64_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;
  // Bytes per cycle of one core; DRAM and L3 as its share when all threads read.
  double l1_bytes_per_cycle = 0, l2_bytes_per_cycle = 0;
  double l3_bytes_per_cycle = 0, dram_bytes_per_cycle = 0;

  static CpuCaches of(const Hardware& hardware, int threads);

  double bytes_per_cycle(CacheLevel level) const;

  // Smallest level that keeps `bytes` with room for what passes by.
  CacheLevel level_of(double bytes) const;

  // Streaming through `bytes` again and again, of which some stay in each level: caches do not replace by
  // age alone, so what exceeds one is lost in part, all of it from twice the size on.
  double streaming_bytes_per_cycle(double bytes) const;

  // True when lines `stride_bytes` apart crowd into few sets of L1.
  static bool crowds(std::int64_t stride_bytes);

  // The same for `rows` pieces of `piece_bytes`, `stride_bytes` apart: a power-of-two stride
  // reaches few sets, so less of a cache holds them.
  CacheLevel level_of_strided(double rows, double piece_bytes, std::int64_t stride_bytes) const;
};

}  // namespace perftune
