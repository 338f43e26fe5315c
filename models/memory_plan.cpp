#include "models/memory_plan.hpp"

#include <algorithm>
#include <numeric>

namespace perftune {

MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes) {
  constexpr std::size_t alignment = 64;
  std::vector<std::size_t> order(lifetimes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  MemoryPlan plan{std::vector<std::size_t>(lifetimes.size(), 0), 0};
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t next : order) {
    const Lifetime& life = lifetimes[next];
    std::size_t offset = 0;
    for (const std::size_t other : placed) {
      const Lifetime& there = lifetimes[other];
      if (there.last < life.first || life.last < there.first) continue;
      if (plan.offsets[other] >= offset + life.bytes) break;  // it fits into the gap before
      const std::size_t end = plan.offsets[other] + there.bytes;
      offset = std::max(offset, (end + alignment - 1) / alignment * alignment);
    }
    plan.offsets[next] = offset;
    plan.bytes = std::max(plan.bytes, offset + life.bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), offset,
                                   [&](std::size_t at, std::size_t i) { return at < plan.offsets[i]; }), next);
  }
  return plan;
}

}  // namespace perftune
