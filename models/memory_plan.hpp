// Where values live: one arena for a whole run, in which memory is used again as soon as nothing
// reads what it held. Offsets are multiples of 64 bytes.
#pragma once

#include <cstddef>
#include <vector>

namespace perftune {

// A value written by step `first` and read for the last time by step `last`.
struct Lifetime {
  int first = 0, last = 0;
  std::size_t bytes = 0;
};

struct MemoryPlan {
  std::vector<std::size_t> offsets;  // by lifetime
  std::size_t bytes = 0;             // of the arena
};

// Largest first, each at the lowest offset that no value alive at the same time overlaps.
MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes);

}  // namespace perftune
