#include "bench/cpu_ops/ceiling.hpp"

#include <set>

namespace perftune::bench {

Ceiling ceiling_of(const Operator& op, const Hardware& hardware, int threads) {
  const double bytes = op.compulsory_bytes(), share = bytes / threads;
  double written = 0;
  for (const int t : op.outputs()) written += static_cast<double>(op.tensors[static_cast<std::size_t>(t)].bytes());
  const auto holds = [](std::int64_t level, double what) { return what <= static_cast<double>(level); };
  Ceiling ceiling{"dram", 0};
  if (holds(hardware.cpu.l1_bytes, share)) ceiling.level = "l1";
  else if (holds(hardware.cpu.l2_bytes, share)) ceiling.level = "l2";
  else if (holds(hardware.cpu.l3_bytes, bytes)) ceiling.level = "l3";
  else if (written >= bytes / 4) ceiling.level = "copy";
  const std::string key = ceiling.level == "copy" ? "dram_copy_gbps" : ceiling.level + "_gbps";
  ceiling.gbps = hardware.measured_value(key + (threads == 1 ? "_1t" : "")).value_or(0);
  return ceiling;
}

bool memory_bound(const Prediction& prediction) {
  static const std::set<std::string> levels{"memory", "dram", "l3", "l2", "l1"};
  return levels.contains(prediction.limiter);
}

}  // namespace perftune::bench
