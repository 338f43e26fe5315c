// GPU candidates through worker processes and the fake driver: compiled by NVRTC (which gives the
// image), run by the emulator. Each fault costs its candidate alone; a lost device ends the run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "device_fault_emitter.hpp"
#include "executor/nvrtc.hpp"
#include "executor/temporary_folder.hpp"
#include "profiler/jobs_cuda.hpp"
#include "profiler/measurer.hpp"
#include "recipes/definition.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "registry.hpp"

namespace perftune {

const std::vector<std::string> kCudaFolders = {std::string(PERFTUNE_SOURCE_DIR) +
                                               "/.deps/cuda/lib"};

namespace {

using testing::HasSubstr;

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
    pool_options_.address_space_bytes = 0;
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
    WorkerPool pool(pool_options_);
    Measurer measurer(pool, emitters_, options_);
    for (std::size_t i = 0; i < programs.size(); ++i) {
      measurer.submit(static_cast<int>(i), op_, definition(op_), programs[i]);
    }
    std::map<int, Outcome> outcomes;
    while (auto trial = measurer.next(WorkerPool::Clock::time_point::max())) {
      outcomes.emplace(trial->ticket, trial->outcome);
    }
    return outcomes;
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

struct Expected {
  DeviceFault fault;
  OutcomeKind kind;
  const char* detail;
  const char* name;
};

class GpuWorkerFault : public GpuWorker, public testing::WithParamInterface<Expected> {};

TEST_P(GpuWorkerFault, CostsThatCandidateAlone) {
  const auto outcomes =
      run({known(device_program(DeviceFault::none)), known(device_program(GetParam().fault)),
           known(device_program(DeviceFault::none, 2))});
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_EQ(name(outcomes.at(1).kind), name(GetParam().kind)) << outcomes.at(1).detail;
  EXPECT_THAT(outcomes.at(1).detail, HasSubstr(GetParam().detail));
  EXPECT_FALSE(outcomes.at(1).timing);
  expect_measured(outcomes.at(0));
  expect_measured(outcomes.at(2));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, GpuWorkerFault,
    testing::Values(
        Expected{DeviceFault::illegal_address, OutcomeKind::crashed, "ILLEGAL_ADDRESS",
                 "illegal_address"},
        Expected{DeviceFault::faults_later, OutcomeKind::crashed, "ILLEGAL_ADDRESS",
                 "faults_later"},
        Expected{DeviceFault::endless, OutcomeKind::timed_out, "deadline", "endless"},
        Expected{DeviceFault::near_write, OutcomeKind::wrong_result, "outside", "near_write"},
        Expected{DeviceFault::wrong, OutcomeKind::wrong_result, "C[", "wrong"},
        Expected{DeviceFault::wrong_later, OutcomeKind::wrong_result, "after timing",
                 "wrong_later"},
        Expected{DeviceFault::zeros, OutcomeKind::wrong_result, "zero", "zeros"},
        Expected{DeviceFault::partly, OutcomeKind::wrong_result, "C[999]", "partly"},
        Expected{DeviceFault::changes_input, OutcomeKind::wrong_result, "input A", "changes_input"},
        Expected{DeviceFault::wrong_entry, OutcomeKind::launch_failed, "NOT_FOUND", "wrong_entry"},
        Expected{DeviceFault::too_much_shared, OutcomeKind::launch_failed, "shared memory",
                 "too_much_shared"},
        Expected{DeviceFault::cluster, OutcomeKind::launch_failed, "CLUSTER", "cluster"}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST_F(GpuWorker, ALostDeviceEndsTheRunAndKeepsWhatIsDone) {
  const TileProgram program = known(device_program(DeviceFault::none));
  const TileProgram second = known(device_program(DeviceFault::none, 2));
  WorkerPool pool(pool_options_);
  Measurer measurer(pool, emitters_, options_);
  measurer.submit(0, op_, definition(op_), program);
  const auto done = measurer.next(WorkerPool::Clock::time_point::max());
  ASSERT_TRUE(done);
  expect_measured(done->outcome);
  fake_.lost_after = 0;
  write_fake_device(folder_.path(), fake_);
  // The worker of the first has read the device already: the next one finds it gone.
  measurer.submit(1, op_, definition(op_), second);
  MeasurerOptions again = options_;
  WorkerPool other(pool_options_);
  Measurer after(other, emitters_, again);
  after.submit(1, op_, definition(op_), second);
  try {
    after.next(WorkerPool::Clock::time_point::max());
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_EQ(error.exit_code(), 3);
    EXPECT_THAT(error.what(), HasSubstr("CUDA_ERROR_UNKNOWN"));
  }
}

TEST_F(GpuWorker, ImpossiblyFastIsRejected) {
  options_.hardware.measured["l2_gbps"] = {1e-6, "test"};  // a machine that moves bytes for minutes
  const auto outcomes = run({known(device_program(DeviceFault::none))});
  EXPECT_EQ(outcomes.at(0).kind, OutcomeKind::rejected);
  EXPECT_THAT(outcomes.at(0).detail, HasSubstr("faster than the hardware can be"));
}

TEST_F(GpuWorker, TheConfirmationRunsOnTheDevice) {
  const std::vector<TileProgram> programs = {known(device_program(DeviceFault::none, 8)),
                                             known(device_program(DeviceFault::none, 1))};
  WorkerPool pool(pool_options_);
  Measurer measurer(pool, emitters_, options_);
  Failure failure;
  const auto confirmed = measurer.confirm(op_, definition(op_), programs, failure);
  ASSERT_TRUE(confirmed) << failure.detail;
  EXPECT_EQ(confirmed->fastest, 1u);
  EXPECT_GT(confirmed->ratios[0], 1.5);
}

TEST_F(GpuWorker, ACandidateThatFaultsLaterEndsTheConfirmation) {
  const std::vector<TileProgram> programs = {known(device_program(DeviceFault::none)),
                                             known(device_program(DeviceFault::faults_later))};
  WorkerPool pool(pool_options_);
  Measurer measurer(pool, emitters_, options_);
  Failure failure;
  EXPECT_FALSE(measurer.confirm(op_, definition(op_), programs, failure));
  EXPECT_EQ(failure.kind, OutcomeKind::crashed) << failure.detail;
}

}  // namespace
}  // namespace perftune

int main(int argc, char** argv) {
  using namespace perftune;
  if (argc > 1 && argv[1] == kWorkerArgument) {
    EmitterRegistry emitters;
    emitters.add(std::make_unique<DeviceFaultEmitter>());
    WorkerJobs jobs;
    add_cuda_jobs(jobs, emitters, CpuToolchain{}, kCudaFolders, {PERFTUNE_FAKE_CUDA_FOLDER});
    return worker_main(kWorkerInput, kWorkerOutput, jobs);
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
