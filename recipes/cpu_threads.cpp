#include "recipes/cpu_threads.hpp"

#include <algorithm>

namespace perftune {

Hardware with_threads(Hardware cpu, int threads) {
  const int cores = cpu.cpu.cores;
  if (cpu.kind != Hardware::Kind::cpu || threads <= 0 || threads >= cores) return cpu;
  const double share = static_cast<double>(threads) / cores;
  const double beyond_one = static_cast<double>(threads - 1) / (cores - 1);
  cpu.name += "-" + std::to_string(threads) + "t";
  cpu.aliases.clear();
  cpu.sms = threads;
  cpu.cpu.cores = threads;
  for (auto& [type, tflops] : cpu.scalar_tflops) tflops *= share;
  for (auto& [key, ceiling] : cpu.measured) {
    if (key.ends_with("_1t")) continue;
    const auto one = cpu.measured.find(key + "_1t");
    if (threads == 1 && one != cpu.measured.end()) {
      ceiling = one->second;
      continue;
    }
    if (one != cpu.measured.end()) ceiling.value = one->second.value + (ceiling.value - one->second.value) * beyond_one;
    else if (!key.starts_with("dram")) ceiling.value *= share;  // memory: one core may draw most of it
    ceiling.source += "; estimated from it for " + std::to_string(threads) + " of " + std::to_string(cores) + " cores";
  }
  return cpu;
}

}  // namespace perftune
