// What this machine's processors have taken so far, by RAPL: the energy counters of all packages below
// /sys/class/powercap, which Intel's and AMD's processors have and virtual machines hide.
//
// Packages are whole: what else runs on them is in it. Counters that wrap around go on. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace perftune {

class CpuEnergy {
 public:
  static constexpr const char* kPowercap = "/sys/class/powercap";
  // nullptr with `why_not` set: there is no counter, or it may not be read (only root may, by default).
  static std::unique_ptr<CpuEnergy> open(const std::string& powercap, std::string& why_not);

  // Joules since open; nullopt: a counter stopped answering.
  std::optional<double> joules();

 private:
  struct Package {
    std::string file;
    double range_uj = 0, last_uj = 0, sum_uj = 0;
  };
  std::vector<Package> packages_;
};

}  // namespace perftune
