// Hundreds of random operators, each with a random one of the programs that are constructed for it,
// against the oracle: on this CPU, and a smaller number in the emulator. What no kernel takes whole is
// split, and every part is checked.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "executor/cpu_device.hpp"
#include "executor/verification.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "tests/families/family_kernel.hpp"
#include "tests/families/kernel_batch.hpp"
#include "tests/families/random_expression.hpp"
#include "tuner/kernel_plan.hpp"

namespace perftune::testing {
namespace {

constexpr int kOperators = 500, kEmulated = 50;
constexpr std::size_t kBatch = 25;

struct Case {
  std::uint64_t seed = 0;
  Operator op;
  TileProgram program;
  CompiledKernel compiled;
};

// One case per kernel of the operator, with a program drawn by its seed.
std::vector<Case> cases_of(std::uint64_t seed, const Hardware& hardware) {
  const std::string text = random_expression(seed);
  Operator op;
  try {
    op = parse_operator_text(text, "random").at(0).op;
  } catch (const Error& error) {
    ADD_FAILURE() << error.what() << "\n" << text;
    return {};
  }
  const KernelPlan plan = plan_kernels(op, hardware, all_slices());
  EXPECT_FALSE(plan.parts.empty()) << plan.why_not << "\n" << text;
  std::vector<Case> cases;
  for (const KernelPlan::Part& part : plan.parts) {
    const auto& candidates = part.ranking.candidates;
    cases.push_back({seed, part.op, candidates[seed * 7919 % candidates.size()].program, {}});
  }
  return cases;
}

TEST(RandomExpressions, AgreeWithTheOracleOnTheCpu) {
  const Hardware& hardware = this_cpu();
  std::map<std::string, std::vector<Case>> by_family;
  for (std::uint64_t seed = 1; seed <= kOperators; ++seed)
    for (Case& c : cases_of(seed, hardware)) {
      const Emitter& emitter = *all_slices().emitters().find(c.program);
      c.compiled = {emitter.emit(c.op, c.program, hardware), {}, {}};
      by_family[c.program.family].push_back(std::move(c));
    }
  std::vector<std::vector<CompiledKernel*>> batches;
  for (auto& [family, cases] : by_family)
    for (std::size_t i = 0; i < cases.size(); ++i) {
      if (i % kBatch == 0) batches.emplace_back();
      batches.back().push_back(&cases[i].compiled);
    }
  std::vector<std::string> problems(batches.size());
  const auto compile_some = [&](std::size_t first) {
    for (std::size_t b = first; b < batches.size(); b += 2) problems[b] = compile_batch(batches[b], hardware);
  };
  std::thread other(compile_some, 1);
  compile_some(0);
  other.join();
  for (const std::string& problem : problems) ASSERT_EQ(problem, "");

  CpuDevice device(hardware, 2, false);
  for (const auto& [family, cases] : by_family) {
    RecordProperty(family + "_kernels", static_cast<int>(cases.size()));
    for (const Case& c : cases) {
      const Emitter& emitter = *all_slices().emitters().find(c.program);
      const auto failure =
          verify_on(device, c.op, c.compiled, emitter.bind(c.op, c.program, hardware), c.seed);
      EXPECT_FALSE(failure) << failure->detail << "\nseed " << c.seed << ", " << c.op.name << ", "
                            << c.program.text() << "\n" << random_expression(c.seed);
    }
  }
}

TEST(RandomExpressions, AgreeWithTheOracleInTheEmulator) {
  const Hardware& gpu = find_hardware("h100");
  int skipped = 0;
  for (std::uint64_t seed = 1001; seed <= 1000 + kEmulated; ++seed) {
    Operator op = parse_operator_text(random_expression(seed), "random").at(0).op;
    const KernelPlan plan = plan_kernels(op, gpu, all_slices());
    if (plan.parts.empty()) {
      ++skipped;
      continue;
    }
    for (const KernelPlan::Part& part : plan.parts) {
      const auto& candidates = part.ranking.candidates;
      const TileProgram program = candidates[seed * 7919 % candidates.size()].program;
      EXPECT_EQ(verify_emulated(part.op, program, gpu, seed), "")
          << "seed " << seed << ", " << part.op.name << "\n" << random_expression(seed);
    }
  }
  RecordProperty("without_kernels", skipped);
  EXPECT_LT(skipped, kEmulated / 2);
}

}  // namespace
}  // namespace perftune::testing
