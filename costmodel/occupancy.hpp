// How many blocks of a kernel one SM holds at once, and which resource says so.
//
// The same rules as NVIDIA's cuda_occupancy.h (the test compares them on random resources), from
// the limits in Hardware alone. Pure; thread-safe; never fails: what cannot run at all has 0 blocks.
#pragma once

#include <cstdint>
#include <string_view>

#include "recipes/hardware.hpp"

namespace perftune {

enum class OccupancyLimit : std::uint8_t { none, threads, registers, shared_memory, blocks };
std::string_view name(OccupancyLimit limit);  // "threads", "registers", "shared memory", "blocks"

struct Occupancy {
  int blocks = 0;          // resident per SM
  int warps = 0;           // resident per SM
  double fraction = 0;     // warps over the SM's maximum
  OccupancyLimit limit = OccupancyLimit::none;  // the first, in declaration order, that binds

  // Blocks that each resource alone would allow; INT_MAX where the kernel uses none of it.
  int by_threads = 0;
  int by_registers = 0;
  int by_shared_memory = 0;
  int by_blocks = 0;
};

// `registers` per thread, `shared_bytes` static and dynamic per block, opted in where needed.
Occupancy occupancy(const Hardware& hardware, int threads, int registers,
                    std::int64_t shared_bytes);

}  // namespace perftune
