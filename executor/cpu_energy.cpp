#include "executor/cpu_energy.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace perftune {
namespace {

namespace fs = std::filesystem;

std::optional<double> number_in(const std::string& file) {
  std::ifstream in(file);
  double value = 0;
  if (!(in >> value) || !(value >= 0)) return std::nullopt;
  return value;
}

// "intel-rapl:0" is a package, "intel-rapl:0:1" a part of one; "psys" is the whole platform, which holds them.
bool is_package(const std::string& folder) {
  if (std::ranges::count(fs::path(folder).filename().string(), ':') != 1) return false;
  std::ifstream in(folder + "/name");
  std::string name;
  return (in >> name) && name.starts_with("package");
}

}  // namespace

std::unique_ptr<CpuEnergy> CpuEnergy::open(const std::string& powercap, std::string& why_not) {
  std::error_code ignored;
  std::vector<std::string> folders;
  for (fs::directory_iterator it(powercap, ignored), end; !ignored && it != end; it.increment(ignored))
    if (is_package(it->path().string())) folders.push_back(it->path().string());
  std::sort(folders.begin(), folders.end());
  if (folders.empty()) {
    why_not = "no processor tells its energy: " + powercap + " has no RAPL package (virtual machines hide them)";
    return nullptr;
  }
  auto energy = std::make_unique<CpuEnergy>();
  for (const std::string& folder : folders) {
    Package package{folder + "/energy_uj", number_in(folder + "/max_energy_range_uj").value_or(0), 0, 0};
    const auto now = number_in(package.file);
    if (!now) {
      why_not = package.file + " cannot be read: it is for root alone, unless its permissions are changed";
      return nullptr;
    }
    package.last_uj = *now;
    energy->packages_.push_back(std::move(package));
  }
  return energy;
}

std::optional<double> CpuEnergy::joules() {
  double sum = 0;
  for (Package& package : packages_) {
    const auto now = number_in(package.file);
    if (!now) return std::nullopt;
    package.sum_uj += *now >= package.last_uj ? *now - package.last_uj : *now + package.range_uj - package.last_uj;
    package.last_uj = *now;
    sum += package.sum_uj;
  }
  return sum * 1e-6;
}

}  // namespace perftune
