// GPU candidates offline: compiled by NVRTC, emulated on this processor; faults cost one candidate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "executor/nvrtc.hpp"
#include "faulty_simt.hpp"
#include "profiler/measurer.hpp"
#include "recipes/definition.hpp"
#include "recipes/hardware_file.hpp"
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

class CudaJobs : public testing::Test {
 protected:
  void SetUp() override {
    try {
      Nvrtc nvrtc(cuda_folders_for_tests());
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
    emitters_.add(std::make_unique<FaultySimtEmitter>());
    op_ = parse_operator_text(
              "name: mm\ndims: {m: 512, n: 512, k: 512}\n"
              "inputs: {A: \"f32[m,k]\", B: \"f32[k,n]\"}\noutputs: {C: \"f32[m,n]\"}\n"
              "compute:\n  - C[m,n] = sum[k](A[m,k] * B[k,n])\n",
              "test")[0]
              .op;
    options_.hardware = find_hardware("a100");
    options_.prepare_deadline_s = 30;
    pool_options_.environment = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    if (kSanitized) pool_options_.address_space_bytes = 0;
  }

  std::map<int, Outcome> run(const std::vector<TileProgram>& programs) {
    return measure_all(pool_options_, options_, emitters_, op_, definition(op_), programs);
  }

  EmitterRegistry emitters_;
  WorkerOptions pool_options_;
  MeasurerOptions options_;
  Operator op_;
};

TEST_F(CudaJobs, AGoodKernelIsPendingAndVerifiedByEmulation) {
  const auto outcomes = run({simt_program(SimtFault::none)});
  const Outcome& outcome = outcomes.at(0);
  EXPECT_EQ(outcome.kind, OutcomeKind::pending) << outcome.detail;
  EXPECT_EQ(outcome.verified_by, VerifiedBy::emulation);
  ASSERT_TRUE(outcome.resources);
  EXPECT_GT(outcome.resources->registers, 0);
  EXPECT_EQ(outcome.resources->spill_bytes, 0);
  EXPECT_EQ(outcome.resources->shared_bytes,
            emitters_.all()[0]
                ->estimate(op_, simt_program(SimtFault::none), options_.hardware)
                .shared_bytes);
  EXPECT_EQ(outcome.binary.substr(1, 3), "ELF");
  EXPECT_FALSE(outcome.timing);
}

TEST_F(CudaJobs, FaultsCostTheirCandidatesAlone) {
  const auto outcomes = run({simt_program(SimtFault::none), simt_program(SimtFault::syntax),
                             simt_program(SimtFault::wrong), simt_program(SimtFault::none)});
  ASSERT_EQ(outcomes.size(), 4u);
  EXPECT_EQ(outcomes.at(0).kind, OutcomeKind::pending) << outcomes.at(0).detail;
  EXPECT_EQ(outcomes.at(3).kind, OutcomeKind::pending) << outcomes.at(3).detail;
  EXPECT_EQ(outcomes.at(1).kind, OutcomeKind::compile_failed);
  EXPECT_THAT(outcomes.at(1).detail, HasSubstr("error"));
  EXPECT_EQ(outcomes.at(2).kind, OutcomeKind::wrong_result) << outcomes.at(2).detail;
  EXPECT_EQ(outcomes.at(2).verified_by, VerifiedBy::none);
  EXPECT_TRUE(outcomes.at(2).resources) << "it did compile";
}

TEST_F(CudaJobs, AnArchitectureThatNvrtcDoesNotKnowIsAFailedCompilation) {
  options_.hardware.arch = "sm_20";
  EXPECT_EQ(run({simt_program(SimtFault::none)}).at(0).kind, OutcomeKind::compile_failed);
}

}  // namespace
}  // namespace perftune
