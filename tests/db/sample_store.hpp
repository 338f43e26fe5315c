// A store in a fresh temporary folder, and records to fill it with.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "db/store.hpp"

namespace perftune::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "perftune-db-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline HardwareRecord sample_hardware(const std::string& name = "a100-sxm-80gb") {
  return {.name = name,
          .vendor_name = "NVIDIA A100-SXM4-80GB",
          .kind = "gpu",
          .arch = "sm_80",
          .units = 108,
          .description = "name: " + name + "\n"};
}

inline OperatorRecord sample_operator(const std::string& name = "matmul", std::int64_t m = 1024) {
  return {.signature = "f16[" + std::to_string(m) + ",64] matmul",
          .structure = "matmul",
          .name = name,
          .family = "contraction",
          .dtype = "f16",
          .dims = {{"m", m}, {"n", 512}, {"k", 64}},
          .flops = 2.0 * static_cast<double>(m) * 512 * 64,
          .compulsory_bytes = 1e5,
          .definition = "op: matmul\n"};
}

inline KernelRecord sample_kernel(int index) {
  char id[17];
  std::snprintf(id, sizeof id, "%016x", 0xabc000 + index);
  return {.id = id,
          .family = "contraction",
          .target = "cuda/simt",
          .program = "contraction cuda/simt block_m=" + std::to_string(16 * (index + 1)),
          .language = "cuda",
          .entry = "kernel_" + std::to_string(index),
          .source = "// kernel " + std::to_string(index) + "\n"};
}

inline Toolchain sample_toolchain() { return {"sm_80", "1", "nvrtc 12.4", "--std=c++17"}; }

inline MeasurementRecord sample_measurement(OperatorId op, HardwareId hardware, int index,
                                            double us) {
  MeasurementRecord m;
  m.op = op;
  m.hardware = hardware;
  m.kernel = sample_kernel(index);
  m.toolchain = sample_toolchain();
  m.policy = "cache=cold threads=1";
  m.predicted = PredictedTime{us * 0.9, us * 0.7, us * 1.2, "dram"};
  m.roofline_us = us / 2;
  m.outcome.kind = OutcomeKind::timed;
  m.outcome.verified_by = VerifiedBy::device;
  m.outcome.timing = Timing{us, 0.01, {us * 0.99, us, us * 1.01}};
  m.outcome.resources = Resources{64, 32768, 0, 0, {}};
  m.provenance = {"550.54", "12.4", "GPU-1", "host", "0.1.0", 1410.0, 1'700'000'000'000 + index};
  return m;
}

}  // namespace perftune::test
