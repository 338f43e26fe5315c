// GPU candidates through worker processes and the fake driver: compiled by NVRTC (which gives the
// image), run by the emulator. The workers are this test's own executable (gpu_worker_main.cpp).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "device_fault_emitter.hpp"
#include "executor/nvrtc.hpp"
#include "executor/temporary_folder.hpp"
#include "profiler/measurer.hpp"
#include "recipes/definition.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "registry.hpp"
#include "tests/profiler/measure_all.hpp"

namespace perftune {

// The fakes first: a machine with a toolkit has a real CUPTI, too.
inline const std::vector<std::string> kCudaFolders = {
    PERFTUNE_FAKE_CUDA_FOLDER, std::string(PERFTUNE_SOURCE_DIR) + "/.deps/cuda/lib"};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

class GpuWorker : public testing::Test {
 protected:
  GpuWorker() : folder_("/tmp") {
    emitters_.add(std::make_unique<DeviceFaultEmitter>());
    op_ = parse_operator_text(
              "name: twice\ndims: {m: 1000}\ninputs: {A: \"f32[m]\"}\noutputs: {C: \"f32[m]\"}\n"
              "compute:\n  - C[m] = A[m] * 2 + 1\n",
              "test")[0]
              .op;
    options_.hardware = find_hardware("a100");
    options_.device = 0;
    options_.policy.warmup_ms = 20;
    options_.policy.max_seconds = 0.3;
    options_.policy.timer = "event";
    options_.measure_deadline_s = 3;
    pool_options_.environment = {"PATH=/usr/local/bin:/usr/bin:/bin",
                                 "PERFTUNE_FAKE_CUDA=" + folder_.path()};
    pool_options_.device_worker = true;
    pool_options_.workers = 1;
    pool_options_.address_space_bytes = kSanitized ? 0 : std::int64_t{16} << 30;
  }
  void SetUp() override {
    try {
      nvrtc_.emplace(kCudaFolders);
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
    write_fake_device(folder_.path(), fake_);
  }

  // The image that a worker's NVRTC will make of it, with its emulated build.
  TileProgram known(TileProgram program) {
    const Kernel kernel = emitters_.all()[0]->emit(op_, program, options_.hardware);
    Kernel build = kernel;
    build.entry = "twice";  // what the module has, whatever is asked for
    auto compiled = nvrtc_->compile(build, options_.hardware.arch);
    if (auto* failure = std::get_if<Failure>(&compiled)) {
      ADD_FAILURE() << failure->detail;
      return program;
    }
    register_kernel(folder_.path(), build, std::get<CompiledKernel>(compiled).binary);
    return program;
  }

  std::map<int, Outcome> run(const std::vector<TileProgram>& programs) {
    return measure_all(pool_options_, options_, emitters_, op_, definition(op_), programs);
  }

  static void expect_measured(const Outcome& outcome) {
    EXPECT_TRUE(outcome.kind == OutcomeKind::timed || outcome.kind == OutcomeKind::noisy)
        << name(outcome.kind) << ": " << outcome.detail;
    EXPECT_EQ(outcome.verified_by, VerifiedBy::device);
    ASSERT_TRUE(outcome.timing);
    EXPECT_GT(outcome.timing->median_us, 0);
    ASSERT_TRUE(outcome.resources);
    EXPECT_GT(outcome.resources->registers, 0);
  }

  TemporaryFolder folder_;
  FakeDevice fake_;
  EmitterRegistry emitters_;
  WorkerOptions pool_options_;
  MeasurerOptions options_;
  Operator op_;
  std::optional<Nvrtc> nvrtc_;
};

}  // namespace perftune
