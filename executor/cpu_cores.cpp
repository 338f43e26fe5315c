#include "executor/cpu_cores.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <set>

namespace perftune {

std::string sysfs_text(const std::string& path) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "re"));
  std::string text;
  char bytes[512];
  while (file != nullptr) {
    const std::size_t read = std::fread(bytes, 1, sizeof bytes, file.get());
    if (read == 0) break;
    text.append(bytes, read);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

double parse_cpu_quota(const std::string& text) {
  double quota = 0, period = 0;
  if (std::sscanf(text.c_str(), "%lf %lf", &quota, &period) != 2 || !(quota > 0) || !(period > 0)) return 0;
  return quota / period;
}

double this_cpu_quota() { return parse_cpu_quota(sysfs_text("/sys/fs/cgroup/cpu.max")); }

std::vector<int> allowed_processors() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  std::vector<int> allowed;
  if (::sched_getaffinity(0, sizeof mask, &mask) != 0) return allowed;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &mask)) allowed.push_back(cpu);
  return allowed;
}

CoreSplit split_by_core(const std::string& sysfs_cpu, const std::vector<int>& allowed) {
  CoreSplit split;
  std::set<std::string> cores;  // by their list of hardware threads
  for (const int cpu : allowed) {
    const std::string threads = sysfs_text(sysfs_cpu + "/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list");
    const bool seen = !threads.empty() && !cores.insert(threads).second;
    (seen ? split.siblings : split.first).push_back(cpu);
  }
  return split;
}

std::size_t granted_cores(double quota) {
  return quota > 0 ? static_cast<std::size_t>(std::max(1.0, std::floor(quota + 0.01))) : SIZE_MAX;
}

int count_cores() {
  const std::size_t cores = split_by_core(kSysfsCpu, allowed_processors()).first.size();
  return std::max(1, static_cast<int>(std::min(cores, granted_cores(this_cpu_quota()))));
}

}  // namespace perftune
