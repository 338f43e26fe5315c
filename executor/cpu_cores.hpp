// Which processors this process may use, from its affinity mask, /sys and the cgroup: what the number of
// threads needs to know. Caches are cpu_topology.hpp's.
//
// Files only; no timing. Missing files give one core per allowed processor, which is what a container
// without /sys looks like. Never throws.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace perftune {

// Logical processors of the affinity mask, ascending; none where the system does not tell.
std::vector<int> allowed_processors();

// Of one core come first those that `allowed` lists first; `first` one per physical core, `siblings` the rest.
struct CoreSplit {
  std::vector<int> first, siblings;
};
CoreSplit split_by_core(const std::string& sysfs_cpu, const std::vector<int>& allowed);

// How many cores a quota of processors' worth of time does not starve; any number where it is 0, unlimited.
std::size_t granted_cores(double quota);

// How many physical cores this process may use, at least 1: its affinity mask, /sys/devices/system/cpu, /sys/fs/cgroup/cpu.max.
int count_cores();

inline constexpr const char* kSysfsCpu = "/sys/devices/system/cpu";

// Quota over period of a cgroup-v2 cpu.max ("200000 100000" -> 2); 0 for "max" or anything else.
double parse_cpu_quota(const std::string& text);
double this_cpu_quota();

// A small file of /sys without the newline at its end; empty where there is none.
std::string sysfs_text(const std::string& path);

}  // namespace perftune
