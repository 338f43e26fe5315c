// Each fault of a GPU candidate costs that candidate alone; a lost device ends the run.
#include "gpu_worker_fixture.hpp"

namespace perftune {
namespace {

using testing::HasSubstr;

struct Expected {
  DeviceFault fault;
  OutcomeKind kind;
  const char* detail;
  const char* name;
};

class GpuWorkerFault : public GpuWorker, public testing::WithParamInterface<Expected> {};

TEST_P(GpuWorkerFault, CostsThatCandidateAlone) {
  if (kSanitized && GetParam().fault == DeviceFault::compiler_drains) GTEST_SKIP();
  if (GetParam().fault == DeviceFault::compiler_hangs) options_.prepare_deadline_s = 3;
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
        Expected{DeviceFault::nan, OutcomeKind::wrong_result, "C[", "nan"},
        Expected{DeviceFault::too_many_threads, OutcomeKind::launch_failed, "INVALID_VALUE",
                 "too_many_threads"},
        Expected{DeviceFault::too_much_memory, OutcomeKind::launch_failed, "OUT_OF_MEMORY",
                 "too_much_memory"},
        Expected{DeviceFault::dirty_workspace, OutcomeKind::wrong_result, "workspace",
                 "dirty_workspace"},
        Expected{DeviceFault::child_exits, OutcomeKind::crashed, "exit code 0", "child_exits"},
        Expected{DeviceFault::child_garbage, OutcomeKind::crashed, "no frame", "child_garbage"},
        Expected{DeviceFault::child_lies, OutcomeKind::crashed, "answer is broken", "child_lies"},
        Expected{DeviceFault::compiler_hangs, OutcomeKind::timed_out, "deadline", "compiler_hangs"},
        Expected{DeviceFault::compiler_drains, OutcomeKind::crashed, "memory", "compiler_drains"},
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
  options_.hardware.boost_ghz = 1e-9;
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
