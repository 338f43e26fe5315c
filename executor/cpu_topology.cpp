#include "executor/cpu_topology.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace perftune {

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

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

double parse_cpu_quota(const std::string& text) {
  std::istringstream in(text);
  double quota = 0, period = 0;
  if (!(in >> quota >> period) || quota <= 0 || period <= 0) return 0;
  return quota / period;
}

CpuTopology read_cpu_topology(const std::string& sysfs_cpu, const std::vector<int>& allowed,
                              double quota) {
  CpuTopology topology;
  std::set<std::string> seen;  // physical cores, by their list of hardware threads
  std::set<std::string> third_level;
  for (const int cpu : allowed) {
    const fs::path folder = fs::path(sysfs_cpu) / ("cpu" + std::to_string(cpu));
    std::string siblings = read_text(folder / "topology/thread_siblings_list");
    if (siblings.empty()) siblings = std::to_string(cpu);
    if (!seen.insert(siblings).second) continue;
    topology.cores.push_back(cpu);
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
  if (quota > 0) {
    const auto granted = static_cast<std::size_t>(std::max(1.0, std::floor(quota + 0.01)));
    if (topology.cores.size() > granted) topology.cores.resize(granted);
  }
  return topology;
}

CpuTopology this_cpu_topology() {
  std::vector<int> allowed;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &mask)) allowed.push_back(cpu);
    }
  }
  if (allowed.empty()) allowed.push_back(0);
  CpuTopology topology = read_cpu_topology("/sys/devices/system/cpu", allowed,
                                           parse_cpu_quota(read_text("/sys/fs/cgroup/cpu.max")));
  // Without /sys the C library still knows, from CPUID.
  if (topology.l1_bytes == 0) topology.l1_bytes = std::max(0L, sysconf(_SC_LEVEL1_DCACHE_SIZE));
  if (topology.l2_bytes == 0) topology.l2_bytes = std::max(0L, sysconf(_SC_LEVEL2_CACHE_SIZE));
  if (topology.l3_bytes == 0) topology.l3_bytes = std::max(0L, sysconf(_SC_LEVEL3_CACHE_SIZE));
  return topology;
}

}  // namespace perftune
