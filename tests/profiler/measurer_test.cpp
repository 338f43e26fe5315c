// CPU candidates through the whole way: each planted fault costs its candidate alone.
#include "profiler/measurer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "executor/temporary_folder.hpp"
#include "fault_emitter.hpp"
#include "recipes/operator_file.hpp"
#include "tests/profiler/measure_all.hpp"

namespace perftune {
namespace {

using testing::HasSubstr;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr const char* kDefinition =
    "name: twice\n"
    "dims: {m: [999, 5000]}\n"
    "inputs: {A: \"f32[m]\"}\n"
    "outputs: {C: \"f32[m]\"}\n"
    "compute:\n"
    "  - C[m] = A[m] * 2 + 1\n";

Hardware cpu() {
  Hardware hardware;
  hardware.kind = Hardware::Kind::cpu;
  hardware.name = "cpu-test";
  hardware.arch = "avx2";
  hardware.sms = 2;
  hardware.cpu.cores = 2;
  hardware.cpu.simd_bits = 256;
  hardware.cpu.isa = "avx2";
  hardware.cpu.clock_ghz = 5;
  hardware.cpu.l1_bytes = 32 << 10;
  hardware.cpu.l2_bytes = 1 << 20;
  hardware.cpu.l3_bytes = 8 << 20;
  return hardware;
}

class MeasurerTest : public testing::Test {
 protected:
  MeasurerTest() : scratch_("/tmp") {
    emitters_.add(std::make_unique<FaultEmitter>());
    worker_options_.temporary_parent = scratch_.path();
    worker_options_.environment = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    worker_options_.address_space_bytes = kSanitized ? 0 : std::int64_t{1} << 30;
    options_.hardware = cpu();
    options_.policy.warmup_ms = 5;
    options_.policy.max_seconds = 0.2;
    options_.prepare_deadline_s = 4;
    options_.measure_deadline_s = 4;
    op_ = parse_operator_text(kDefinition, "test")[0].op;
  }

  std::map<int, Outcome> run(const std::vector<TileProgram>& programs) {
    return measure_all(worker_options_, options_, emitters_, op_, kDefinition, programs);
  }

  TemporaryFolder scratch_;
  EmitterRegistry emitters_;
  WorkerOptions worker_options_;
  MeasurerOptions options_;
  Operator op_;
};

struct Expected {
  PlantedFault fault;
  OutcomeKind kind;
  const char* detail;
  const char* name;
};

class PlantedFaultTest : public MeasurerTest, public testing::WithParamInterface<Expected> {};

TEST_P(PlantedFaultTest, CostsThatCandidateAlone) {
  if (kSanitized && GetParam().fault == PlantedFault::drains_memory) GTEST_SKIP();
  const auto outcomes =
      run({planted(PlantedFault::none), planted(GetParam().fault), planted(PlantedFault::none, 2)});
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_EQ(name(outcomes.at(1).kind), name(GetParam().kind)) << outcomes.at(1).detail;
  EXPECT_THAT(outcomes.at(1).detail, HasSubstr(GetParam().detail));
  EXPECT_FALSE(outcomes.at(1).timing);
  for (int good : {0, 2}) {
    const Outcome& outcome = outcomes.at(good);
    // A busy machine may make it noisy, never wrong.
    EXPECT_TRUE(outcome.kind == OutcomeKind::timed || outcome.kind == OutcomeKind::noisy)
        << name(outcome.kind) << ": " << outcome.detail;
    EXPECT_EQ(outcome.verified_by, VerifiedBy::device);
    ASSERT_TRUE(outcome.timing);
    EXPECT_GT(outcome.timing->median_us, 0);
    EXPECT_FALSE(outcome.binary.empty());
  }
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.path())) << "a worker's folder was left";
}

INSTANTIATE_TEST_SUITE_P(
    Faults, PlantedFaultTest,
    testing::Values(
        Expected{PlantedFault::segv, OutcomeKind::crashed, "SIGSEGV", "segv"},
        Expected{PlantedFault::division, OutcomeKind::crashed, "SIGFPE", "division"},
        Expected{PlantedFault::trap, OutcomeKind::crashed, "SIGILL", "trap"},
        Expected{PlantedFault::endless, OutcomeKind::timed_out, "deadline", "endless"},
        Expected{PlantedFault::exits, OutcomeKind::crashed, "exit code 0", "exits"},
        Expected{PlantedFault::wrong, OutcomeKind::wrong_result, "C[499]", "wrong"},
        Expected{PlantedFault::zeros, OutcomeKind::wrong_result, "zero", "zeros"},
        Expected{PlantedFault::nan, OutcomeKind::wrong_result, "C[3]", "nan"},
        Expected{PlantedFault::partly, OutcomeKind::wrong_result, "C[998]", "partly"},
        Expected{PlantedFault::changes_input, OutcomeKind::wrong_result, "input A",
                 "changes_input"},
        Expected{PlantedFault::writes_before, OutcomeKind::wrong_result, "outside",
                 "writes_before"},
        Expected{PlantedFault::writes_after, OutcomeKind::wrong_result, "outside", "writes_after"},
        Expected{PlantedFault::does_not_compile, OutcomeKind::compile_failed, "error",
                 "does_not_compile"},
        Expected{PlantedFault::undefined_symbol, OutcomeKind::launch_failed, "nobody_defines_this",
                 "undefined_symbol"},
        Expected{PlantedFault::compiles_forever, OutcomeKind::compile_failed, "stopped",
                 "compiles_forever"},
        Expected{PlantedFault::wrong_after_warmup, OutcomeKind::wrong_result, "after timing: C[1]",
                 "wrong_after_warmup"},
        Expected{PlantedFault::crashes_after_warmup, OutcomeKind::crashed, "SIGILL",
                 "crashes_after_warmup"},
        Expected{PlantedFault::drains_memory, OutcomeKind::crashed, "SIGSEGV", "drains_memory"},
        Expected{PlantedFault::too_much_memory, OutcomeKind::launch_failed, "workspace",
                 "too_much_memory"},
        Expected{PlantedFault::answers_for_itself, OutcomeKind::crashed, "no frame",
                 "answers_for_itself"},
        Expected{PlantedFault::illegal, OutcomeKind::rejected, "made to be illegal", "illegal"}),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST_F(MeasurerTest, FasterThanTheHardwareCanBeIsRejected) {
  options_.hardware.cpu.clock_ghz = 1e-6;
  const auto outcomes = run({planted(PlantedFault::none)});
  EXPECT_EQ(outcomes.at(0).kind, OutcomeKind::rejected);
  EXPECT_THAT(outcomes.at(0).detail, HasSubstr("faster than the hardware can be"));
  EXPECT_FALSE(outcomes.at(0).timing);
}

TEST_F(MeasurerTest, EveryPointOfADefinitionIsFound) {
  op_ = parse_operator_text(kDefinition, "test")[0].op.rebind({{"m", 4321}});
  EXPECT_EQ(run({planted(PlantedFault::none)}).at(0).verified_by, VerifiedBy::device);
}

TEST_F(MeasurerTest, AColdPolicyIsSlower) {
  op_ = op_.rebind({{"m", 20000}});  // 160 KB: in L2 when warm
  const auto warm = run({planted(PlantedFault::none)});
  options_.policy.cold = true;
  const auto cold = run({planted(PlantedFault::none)});
  ASSERT_TRUE(warm.at(0).timing && cold.at(0).timing);
  EXPECT_GT(cold.at(0).timing->median_us, 1.2 * warm.at(0).timing->median_us);
}

TEST_F(MeasurerTest, TheConfirmationFindsTheFasterAndKeepsItsControlHonest) {
  op_ = op_.rebind({{"m", 20000}});
  options_.policy.warmup_ms = 20;
  WorkerPool pool(worker_options_);
  Measurer measurer(pool, emitters_, options_);
  const std::vector<TileProgram> programs = {planted(PlantedFault::none, 3),
                                             planted(PlantedFault::none, 1)};
  Failure failure;
  const auto confirmed = measurer.confirm(op_, kDefinition, programs, failure);
  ASSERT_TRUE(confirmed) << failure.detail;
  EXPECT_EQ(confirmed->fastest, 1u);
  EXPECT_GT(confirmed->ratios[0], 1.5);
  EXPECT_LT(confirmed->ratios[0], 6);
  EXPECT_TRUE(confirmed->ties.empty());
  double total_us = 0;
  for (const Timing& timing : confirmed->timings) {
    EXPECT_GE(timing.samples_us.size(), 15u);
    total_us += timing.median_us;
  }
  EXPECT_GT(total_us, 0);
}

TEST_F(MeasurerTest, AKernelThatGoesWrongInTheConfirmationIsNamed) {
  WorkerPool pool(worker_options_);
  Measurer measurer(pool, emitters_, options_);
  const std::vector<TileProgram> programs = {planted(PlantedFault::none),
                                             planted(PlantedFault::wrong_after_warmup)};
  Failure failure;
  EXPECT_FALSE(measurer.confirm(op_, kDefinition, programs, failure));
  EXPECT_EQ(failure.kind, OutcomeKind::wrong_result);
  EXPECT_THAT(failure.detail, HasSubstr(programs[1].text()));
}

TEST_F(MeasurerTest, NoHostCompilerIsTheEnvironmentsFault) {
  worker_options_.environment = {"PATH=/nonexistent"};
  WorkerPool pool(worker_options_);
  Measurer measurer(pool, emitters_, options_);
  measurer.submit(0, op_, kDefinition, planted(PlantedFault::none));
  try {
    measurer.next(WorkerPool::Clock::time_point::max());
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.what(), HasSubstr("host C++ compiler"));
  }
}

}  // namespace
}  // namespace perftune
