// Detection and calibration of this CPU: sane values on any machine, and /sys trees made up here.
// Nothing asserts a time: the machine may be busy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "executor/cpu_calibrate.hpp"
#include "executor/cpu_cores.hpp"
#include "executor/cpu_detect.hpp"

namespace perftune {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A made-up /sys/devices/system/cpu.
class FakeSys {
 public:
  FakeSys() {
    std::string name = (fs::temp_directory_path() / "perftune-sys-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~FakeSys() { fs::remove_all(root_); }
  FakeSys(const FakeSys&) = delete;
  FakeSys& operator=(const FakeSys&) = delete;
  std::string path() const { return root_.string(); }

  void cpu(int id, const std::string& siblings) {
    write(id, "topology/thread_siblings_list", siblings);
  }
  void cache(int id, int index, const std::string& level, const std::string& type,
             const std::string& size, const std::string& shared_by) {
    const std::string folder = "cache/index" + std::to_string(index) + "/";
    write(id, folder + "level", level);
    write(id, folder + "type", type);
    write(id, folder + "size", size);
    write(id, folder + "shared_cpu_list", shared_by);
  }

 private:
  void write(int id, const std::string& file, const std::string& text) {
    const fs::path path = root_ / ("cpu" + std::to_string(id)) / file;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text << "\n";
  }
  fs::path root_;
};

TEST(CpuTopologyTest, CountsPhysicalCoresAndAddsSeparateThirdLevels) {
  FakeSys sys;
  for (int id = 0; id < 8; ++id) {  // 4 cores with two threads each, two L3 domains
    const std::string pair = std::to_string(id % 4) + "," + std::to_string(id % 4 + 4);
    sys.cpu(id, pair);
    sys.cache(id, 0, "1", "Data", "48K", pair);
    sys.cache(id, 1, "1", "Instruction", "32K", pair);
    sys.cache(id, 2, "2", "Unified", "2048K", pair);
    sys.cache(id, 3, "3", "Unified", "32M", id % 4 < 2 ? "0-1,4-5" : "2-3,6-7");
  }
  const CpuTopology all = read_cpu_topology(sys.path(), {0, 1, 2, 3, 4, 5, 6, 7}, 0);
  EXPECT_THAT(all.cores, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(all.l1_bytes, 48 << 10);
  EXPECT_EQ(all.l2_bytes, 2 << 20);
  EXPECT_EQ(all.l3_bytes, 64 << 20);
  // Only the caches above the processors that we may use count.
  const CpuTopology pinned = read_cpu_topology(sys.path(), {5, 1}, 0);
  EXPECT_THAT(pinned.cores, ElementsAre(5));
  EXPECT_EQ(pinned.l3_bytes, 32 << 20);
  EXPECT_THAT(read_cpu_topology(sys.path(), {0, 1, 2, 3}, 2.0).cores, ElementsAre(0, 1));
  EXPECT_THAT(read_cpu_topology(sys.path(), {0, 1, 2, 3}, 0.5).cores, ElementsAre(0));
}

TEST(CpuTopologyTest, WithoutSysEveryProcessorIsACore) {
  const CpuTopology none = read_cpu_topology("/nonexistent", {0, 1}, 0);
  EXPECT_THAT(none.cores, ElementsAre(0, 1));
  EXPECT_EQ(none.l1_bytes, 0);
}

TEST(CpuTopologyTest, ReadsKernelFormats) {
  EXPECT_THAT(parse_cpu_list("0-3,8"), ElementsAre(0, 1, 2, 3, 8));
  EXPECT_THAT(parse_cpu_list(""), IsEmpty());
  EXPECT_THAT(parse_cpu_list("x,-4,2"), ElementsAre(2));
  EXPECT_EQ(parse_cpu_quota("200000 100000"), 2);
  EXPECT_EQ(parse_cpu_quota("max 100000"), 0);
  EXPECT_EQ(parse_cpu_quota(""), 0);
  EXPECT_EQ(parse_cpu_quota("5 0"), 0);
}

TEST(DetectTest, TheInstructionSetIsWhatTheCompilerSees) {
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
  ASSERT_TRUE(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
  EXPECT_EQ(detect_cpu_isa(), wide ? CpuIsa::avx512 : CpuIsa::avx2);
}

TEST(DetectTest, CoresOfThisProcess) {
  EXPECT_EQ(static_cast<std::size_t>(count_cores()), this_cpu_topology().cores.size());
  EXPECT_EQ(granted_cores(2.5), 2U);
  EXPECT_EQ(granted_cores(0.5), 1U);
  EXPECT_GT(granted_cores(0), 1'000'000U);
}

TEST(DetectTest, ThisMachineIsSane) {
  const CpuTopology topology = this_cpu_topology();
  const Hardware hardware = detect_cpu(topology);
  const CpuLimits& cpu = hardware.cpu;
  EXPECT_EQ(hardware.kind, Hardware::Kind::cpu);
  EXPECT_EQ(hardware.name, "cpu-local");
  EXPECT_FALSE(hardware.vendor_name.empty());
  EXPECT_EQ(hardware.arch, cpu.isa);
  EXPECT_GE(cpu.cores, 1);
  EXPECT_EQ(cpu.simd_bits, cpu.isa == "avx512" ? 512 : 256);
  EXPECT_EQ(cpu.vector_registers, cpu.isa == "avx512" ? 32 : 16);
  // No x86 with AVX2 starts more than four vector FMAs per cycle or takes longer than ten cycles.
  EXPECT_GE(cpu.fma_per_cycle, 1);
  EXPECT_LE(cpu.fma_per_cycle, 4);
  EXPECT_GE(cpu.fma_latency, 2);
  EXPECT_LE(cpu.fma_latency, 10);
  EXPECT_GT(cpu.clock_ghz, 0.3);
  EXPECT_LT(cpu.clock_ghz, 8);
  EXPECT_GE(cpu.l1_bytes, 16 << 10);
  EXPECT_GE(cpu.l2_bytes, cpu.l1_bytes);
  EXPECT_GT(hardware.scalar_tflops.at(DType::f32), hardware.scalar_tflops.at(DType::f64));
}

TEST(CalibrateTest, QuickCalibrationOrdersTheLevels) {
  const CpuTopology topology = this_cpu_topology();
  const Hardware hardware = detect_cpu(topology);
  const auto values = calibrate_cpu(hardware, topology, CalibrationEffort::quick, "2026-01-02");
  for (const char* suffix : {"", "_1t"}) {
    const auto value = [&](const std::string& key) { return values.at(key + suffix).value; };
    // Factors of two to allow for load; the real distances are larger, or the level is shared.
    EXPECT_GT(value("l1_gbps") * 2, value("l2_gbps"));
    EXPECT_GT(value("l2_gbps") * 2, value("dram_gbps"));
    EXPECT_GT(value("dram_gbps"), 0.1);
    EXPECT_GT(value("dram_copy_gbps"), 0.1);
    EXPECT_GT(value("fma_f32_tflops"), value("fma_f64_tflops"));
    EXPECT_LT(value("fma_f32_tflops"), 4 * hardware.scalar_tflops.at(DType::f32));
  }
  for (const auto& [key, measured] : values) {
    EXPECT_THAT(measured.source, ::testing::HasSubstr("measured 2026-01-02")) << key;
  }
}

}  // namespace
}  // namespace perftune
