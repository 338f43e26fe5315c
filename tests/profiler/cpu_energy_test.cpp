// RAPL's counters in a folder made like /sys/class/powercap.
#include "executor/cpu_energy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "executor/temporary_folder.hpp"

namespace perftune {
namespace {

using testing::HasSubstr;

class Rapl : public testing::Test {
 protected:
  void write(const std::string& folder, const std::string& file, const std::string& text) {
    std::filesystem::create_directories(root_.path() + "/" + folder);
    std::ofstream(root_.path() + "/" + folder + "/" + file) << text << "\n";
  }
  void package(const std::string& folder, const std::string& name, long energy_uj) {
    write(folder, "name", name);
    write(folder, "max_energy_range_uj", "1000000");
    write(folder, "energy_uj", std::to_string(energy_uj));
  }
  TemporaryFolder root_{"/tmp"};
  std::string why_not_;
};

TEST_F(Rapl, AddsUpPackagesAndNothingElse) {
  package("intel-rapl:0", "package-0", 100);
  package("intel-rapl:1", "package-1", 200);
  package("intel-rapl:0:0", "core", 300);   // a part of package 0
  package("intel-rapl:2", "psys", 400);     // the platform, which holds the packages
  const auto energy = CpuEnergy::open(root_.path(), why_not_);
  ASSERT_NE(energy, nullptr) << why_not_;
  EXPECT_EQ(energy->joules(), 0);
  write("intel-rapl:0", "energy_uj", "500100");
  write("intel-rapl:1", "energy_uj", "300200");
  write("intel-rapl:0:0", "energy_uj", "900000");
  EXPECT_DOUBLE_EQ(energy->joules().value(), 0.8);
}

TEST_F(Rapl, GoesOnWhenACounterWraps) {
  package("intel-rapl:0", "package-0", 900000);
  const auto energy = CpuEnergy::open(root_.path(), why_not_);
  ASSERT_NE(energy, nullptr) << why_not_;
  write("intel-rapl:0", "energy_uj", "100000");
  EXPECT_DOUBLE_EQ(energy->joules().value(), 0.2);
  write("intel-rapl:0", "energy_uj", "50000");
  EXPECT_DOUBLE_EQ(energy->joules().value(), 1.15);
}

TEST_F(Rapl, SaysWhatIsMissing) {
  EXPECT_EQ(CpuEnergy::open(root_.path(), why_not_), nullptr);
  EXPECT_THAT(why_not_, HasSubstr("has no RAPL package"));
  EXPECT_EQ(CpuEnergy::open(root_.path() + "/nowhere", why_not_), nullptr);
  package("intel-rapl:0", "package-0", 1);
  std::filesystem::remove(root_.path() + "/intel-rapl:0/energy_uj");
  EXPECT_EQ(CpuEnergy::open(root_.path(), why_not_), nullptr);
  EXPECT_THAT(why_not_, HasSubstr("energy_uj cannot be read"));
}

TEST_F(Rapl, ACounterThatGoesAwayStopsAnswering) {
  package("intel-rapl:0", "package-0", 1);
  const auto energy = CpuEnergy::open(root_.path(), why_not_);
  ASSERT_NE(energy, nullptr) << why_not_;
  std::filesystem::remove(root_.path() + "/intel-rapl:0/energy_uj");
  EXPECT_FALSE(energy->joules());
}

}  // namespace
}  // namespace perftune
