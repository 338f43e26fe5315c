// The kernels that measure a GPU's ceilings: NVRTC takes them for every architecture, and on the fake
// device each gives its value.
#include <gtest/gtest.h>

#include <cstdlib>

#include "device_fault_emitter.hpp"
#include "executor/gpu_calibrate.hpp"
#include "executor/gpu_calibration_source.hpp"
#include "executor/temporary_folder.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "registry.hpp"

namespace perftune {
namespace {

TEST(Calibration, NvrtcTakesEveryKernelWithoutSpills) {
  std::optional<Nvrtc> nvrtc;
  try {
    nvrtc.emplace(std::vector<std::string>{std::string(PERFTUNE_SOURCE_DIR) + "/.deps/cuda/lib"});
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  for (const char* name : {"t4", "a100", "l40s", "h100"}) {
    const Hardware hardware = find_hardware(name);
    for (const CalibrationKernel& kernel : calibration_kernels(hardware)) {
      const auto compiled = nvrtc->compile(kernel.kernel, hardware.arch);
      const auto* good = std::get_if<CompiledKernel>(&compiled);
      ASSERT_NE(good, nullptr) << name << " " << kernel.measures << ": " << std::get<Failure>(compiled).detail;
      EXPECT_EQ(good->resources.spill_bytes, 0) << name << " " << kernel.measures;
      EXPECT_TRUE(good->resources.warnings.empty()) << name << " " << kernel.measures << ": " << good->resources.warnings.front();
    }
  }
}

// On sm_90a, whose tensor rates come from wgmma; cli/gpu_test.py does the same for sm_80.
TEST(Calibration, EveryValueComesOutOfTheFakeDevice) {
  const TemporaryFolder folder("/tmp");
  ::setenv("PERFTUNE_FAKE_CUDA", folder.path().c_str(), 1);
  FakeDevice fake;
  fake.name = "NVIDIA H100 80GB HBM3";
  fake.compute_capability = 90;
  fake.sms = 2;
  fake.shared_bytes_optin = 232448;
  write_fake_device(folder.path(), fake);
  Hardware hardware = find_hardware("h100");
  hardware.sms = 2;
  hardware.l2_mib = 0.0625;
  const std::vector<std::string> driver_folder{PERFTUNE_FAKE_CUDA_FOLDER};
  const cuda::Driver driver(driver_folder);
  const Nvrtc nvrtc(LibrarySearch({std::string(PERFTUNE_FAKE_CUDA_FOLDER) + "_nvrtc"}, true));
  GpuCalibrationOptions options;
  options.seconds_per_value = 0.001;
  options.launch_ms = 0.01;
  options.most_bytes = 1 << 18;
  options.blocks_per_sm = 2;
  options.empty_launches = 5;
  options.date = "today";
  const auto values = calibrate_gpu(driver, 0, hardware, nvrtc, nullptr, options);
  for (const char* key : {"dram_gbps", "l2_gbps", "dram_copy_gbps", "shared_gbps", "fma_f32_tflops", "fma_f64_tflops",
                          "tensor_f16_tflops", "tensor_bf16_tflops", "tensor_tf32_tflops", "tensor_f8e4m3_tflops",
                          "tensor_i8_tflops", "launch_us_stream", "launch_us_graph", "dram_gbps_1_blocks_per_sm"}) {
    ASSERT_TRUE(values.contains(key)) << key;
    EXPECT_GT(values.at(key).value, 0) << key;
    EXPECT_NE(values.at(key).source.find("calibration today"), std::string::npos);
  }
  EXPECT_FALSE(values.contains("sustained_tensor_mhz"));  // nobody to ask
}

}  // namespace
}  // namespace perftune
