// What untuned shapes fall back to, on the CPU: the default of every family for every operator of recipes/library,
// and the programs that claim to serve every shape of a structure, at shapes they were not made for; against
// the oracle.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "executor/cpu_device.hpp"
#include "executor/verification.hpp"
#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"
#include "tests/families/family_kernel.hpp"
#include "tests/families/kernel_batch.hpp"
#include "tests/families/library_cases.hpp"
#include "tuner/kernel_plan.hpp"

namespace perftune::testing {
namespace {

constexpr std::size_t kBatch = 25;

Operator at_point(const LibraryCase& c, std::size_t point) {
  return parse_operator_text(fmt::format("{{op: {}, {}}}", c.op, c.points.at(point)), c.op + ".yaml").at(0).op;
}

// The kernels of an operator: itself, or its parts where no family takes it whole.
std::vector<KernelPlan::Part> parts_of(const Operator& op) { return plan_kernels(op, this_cpu(), all_slices()).parts; }

// The same operator at other extents; those that it cannot have (a window larger than its image) are left out.
std::vector<Operator> other_shapes(const Operator& op) {
  std::vector<Operator> shapes;
  const auto add = [&](const Dims& dims) {
    try {
      shapes.push_back(op.rebind(dims));
    } catch (const Error&) {
    }
  };
  const auto all = [&](auto change) {
    Dims dims = op.base_dims();
    for (auto& [name, extent] : dims) extent = change(extent);
    add(dims);
  };
  all([](std::int64_t extent) { return extent + 1 + extent / 3; });
  all([](std::int64_t extent) { return 2 * extent + 17; });
  all([](std::int64_t) { return std::int64_t{1}; });
  for (const auto& [name, extent] : op.base_dims())
    for (const std::int64_t other : {std::int64_t{1}, extent + 1, 3 * extent + 2}) {
      Dims dims = op.base_dims();
      dims[name] = other;
      add(dims);
    }
  return shapes;
}

bool takes(const std::string& family, const Operator& op) {
  const Ranking ranking = rank(op, this_cpu(), all_slices());
  return std::ranges::any_of(ranking.candidates, [&](const Ranked& c) { return c.program.family == family; });
}

TEST(Defaults, ProgramsForAnyShapeAreLegalAtEveryShape) {
  std::size_t checked = 0;
  for (const LibraryCase& c : library_cases())
    for (const std::size_t point : {0, 1})
      for (const KernelPlan::Part& part : parts_of(at_point(c, point)))
        for (const Operator& shape : other_shapes(part.op))
          for (const Ranked& candidate : part.ranking.candidates) {
            if (!candidate.any_shape) continue;
            const Emitter& emitter = *all_slices().emitters().find(candidate.program);
            const auto why = emitter.illegal(shape, candidate.program, this_cpu());
            if (why && !takes(candidate.program.family, shape)) continue;  // no program of the family is legal
            EXPECT_EQ(why, std::nullopt) << candidate.program.text() << "\nmade for " << part.op.signature() << "\nat "
                                         << shape.signature();
            ++checked;
          }
  EXPECT_GT(checked, 4000u);
}

TEST(Defaults, EveryOperatorHasAProgramForAnyShape) {
  for (const LibraryCase& c : library_cases())
    for (const KernelPlan::Part& part : parts_of(at_point(c, 0))) {
      // How positions are divided depends on the extents: there is no program for all.
      if (part.op.signature().find_first_of("/%", part.op.signature().find('=')) != std::string::npos &&
          part.ranking.candidates.front().program.family == "map")
        continue;
      EXPECT_TRUE(std::ranges::any_of(part.ranking.candidates, [](const Ranked& r) { return r.any_shape; }))
          << part.op.signature();
    }
}

struct Case {
  Operator op;
  TileProgram program;
  CompiledKernel compiled;
};

TEST(Defaults, AreRightWhereTheyWereMadeAndProgramsForAnyShapeElsewhere) {
  std::map<std::string, std::vector<Case>> by_family;
  for (const LibraryCase& c : library_cases())
    for (const KernelPlan::Part& part : parts_of(at_point(c, 0))) {
      const auto& candidates = part.ranking.candidates;
      for (const Ranked& candidate : candidates)
        if (candidate.is_default) by_family[candidate.program.family].push_back({part.op, candidate.program, {}});
      const auto any = std::ranges::find_if(candidates, [](const Ranked& r) { return r.any_shape; });
      const std::vector<Operator> shapes = other_shapes(part.op);
      if (any == candidates.end() || shapes.empty() || !takes(any->program.family, shapes.front())) continue;
      by_family[any->program.family].push_back({shapes.front(), any->program, {}});
    }
  std::size_t kernels = 0;
  for (auto& [family, cases] : by_family)
    for (std::size_t first = 0; first < cases.size(); first += kBatch) {
      std::vector<CompiledKernel*> batch;
      for (std::size_t i = first; i < std::min(cases.size(), first + kBatch); ++i) {
        const Emitter& emitter = *all_slices().emitters().find(cases[i].program);
        cases[i].compiled = {emitter.emit(cases[i].op, cases[i].program, this_cpu()), {}, {}};
        batch.push_back(&cases[i].compiled);
      }
      ASSERT_EQ(compile_batch(batch, this_cpu()), "");
      kernels += batch.size();
    }
  CpuDevice device(this_cpu(), 2, false);
  for (const auto& [family, cases] : by_family)
    for (const Case& c : cases) {
      const Emitter& emitter = *all_slices().emitters().find(c.program);
      const auto failure = verify_on(device, c.op, c.compiled, emitter.bind(c.op, c.program, this_cpu()), 1);
      EXPECT_FALSE(failure) << failure->detail << "\n" << c.op.signature() << "\n" << c.program.text();
    }
  EXPECT_GT(kernels, 100u);
}

}  // namespace
}  // namespace perftune::testing
