// Which processors this process may use (cpu_cores.hpp), and the caches above them, from /sys and the cgroup.
//
// Files only; no timing. Missing files give zeros and one core per allowed processor, which is
// what a container without /sys looks like. Never throws.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace perftune {

struct CpuTopology {
  std::vector<int> cores;     // one logical processor per physical core we may use, ascending
  std::int64_t l1_bytes = 0;  // data, of one core
  std::int64_t l2_bytes = 0;  // of one core
  std::int64_t l3_bytes = 0;  // all third-level caches that those cores reach
};

// `allowed`: logical processors of the affinity mask. `quota`: processors' worth of time that the
// cgroup grants (its cpu.max), 0 when unlimited; fewer cores are listed than it would starve.
CpuTopology read_cpu_topology(const std::string& sysfs_cpu, const std::vector<int>& allowed,
                              double quota);

// The same for this process: its affinity mask, /sys/devices/system/cpu, /sys/fs/cgroup/cpu.max.
CpuTopology this_cpu_topology();

// "0-3,8" -> 0 1 2 3 8; what is not of that form is left out.
std::vector<int> parse_cpu_list(const std::string& text);

}  // namespace perftune
