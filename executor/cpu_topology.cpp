#include "executor/cpu_topology.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "executor/cpu_cores.hpp"

namespace perftune {

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) { return sysfs_text(path.string()); }

// "48K", "2048K", "32M" as the kernel prints cache sizes.
std::int64_t parse_size(const std::string& text) {
  std::istringstream in(text);
  std::int64_t value = 0;
  char unit = 0;
  if (!(in >> value) || value < 0) return 0;
  in >> unit;
  return value * (unit == 'K' ? 1024 : unit == 'M' ? 1024 * 1024 : 1);
}

struct Cache {
  int level = 0;
  std::int64_t bytes = 0;
  std::string shared_by;  // its identity: the list of processors below it
};

std::vector<Cache> data_caches(const fs::path& cpu) {
  std::vector<Cache> caches;
  for (int index = 0; fs::exists(cpu / "cache" / ("index" + std::to_string(index))); ++index) {
    const fs::path folder = cpu / "cache" / ("index" + std::to_string(index));
    if (read_text(folder / "type") == "Instruction") continue;
    std::istringstream level(read_text(folder / "level"));
    Cache cache;
    level >> cache.level;
    cache.bytes = parse_size(read_text(folder / "size"));
    cache.shared_by = read_text(folder / "shared_cpu_list");
    caches.push_back(cache);
  }
  return caches;
}

}  // namespace

std::vector<int> parse_cpu_list(const std::string& text) {
  std::vector<int> cpus;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    std::istringstream range(part);
    int first = 0, last = 0;
    char dash = 0;
    if (!(range >> first) || first < 0) continue;
    if (!(range >> dash >> last) || dash != '-') last = first;
    for (int cpu = first; cpu <= std::min(last, first + 65535); ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

CpuTopology read_cpu_topology(const std::string& sysfs_cpu, const std::vector<int>& allowed,
                              double quota) {
  CpuTopology topology;
  std::set<std::string> third_level;
  // The caches above all cores that we may run on, also those beyond the quota.
  for (const int cpu : split_by_core(sysfs_cpu, allowed).first) {
    topology.cores.push_back(cpu);
    const fs::path folder = fs::path(sysfs_cpu) / ("cpu" + std::to_string(cpu));
    for (const Cache& cache : data_caches(folder)) {
      // Cores differ on hybrid machines: the smaller size is safe to block for.
      const auto least = [](std::int64_t a, std::int64_t b) { return a == 0 ? b : std::min(a, b); };
      if (cache.level == 1) topology.l1_bytes = least(topology.l1_bytes, cache.bytes);
      if (cache.level == 2) topology.l2_bytes = least(topology.l2_bytes, cache.bytes);
      if (cache.level == 3 && third_level.insert(cache.shared_by).second) {
        topology.l3_bytes += cache.bytes;
      }
    }
  }
  topology.cores.resize(std::min(topology.cores.size(), granted_cores(quota)));
  return topology;
}

CpuTopology this_cpu_topology() {
  std::vector<int> allowed = allowed_processors();
  if (allowed.empty()) allowed.push_back(0);
  CpuTopology topology = read_cpu_topology(kSysfsCpu, allowed, this_cpu_quota());
  // Without /sys the C library still knows, from CPUID.
  if (topology.l1_bytes == 0) topology.l1_bytes = std::max(0L, sysconf(_SC_LEVEL1_DCACHE_SIZE));
  if (topology.l2_bytes == 0) topology.l2_bytes = std::max(0L, sysconf(_SC_LEVEL2_CACHE_SIZE));
  if (topology.l3_bytes == 0) topology.l3_bytes = std::max(0L, sysconf(_SC_LEVEL3_CACHE_SIZE));
  return topology;
}

}  // namespace perftune
