// Every operator of recipes/library: kernels of whatever family takes it, run on this CPU and in the
// emulator, against the oracle, at regular, ragged and degenerate shapes, in f32 and 16-bit floats.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "tests/families/family_kernel.hpp"
#include "tests/families/library_cases.hpp"
#include "tuner/kernel_plan.hpp"

namespace perftune::testing {
namespace {

Operator at_point(const LibraryCase& c, std::size_t point, const std::string& dtype) {
  return parse_operator_text(
             fmt::format("{{op: {}, {}{}}}", c.op, c.points.at(point), c.floats ? ", dtype: " + dtype : ""),
             c.op + ".yaml").at(0).op;
}

// The best prediction of every family and target; of maps also the one that looks least like it
// (the other families have tests of their own for that).
std::vector<TileProgram> choose(const Ranking& ranking, bool both) {
  std::vector<TileProgram> chosen;
  std::set<std::string> targets;
  for (const Ranked& candidate : ranking.candidates) {
    if (!targets.insert(candidate.program.family + candidate.program.target).second) continue;
    chosen.push_back(candidate.program);
    if (!both || candidate.program.family != "map") continue;
    const auto other = std::find_if(ranking.candidates.rbegin(), ranking.candidates.rend(), [&](const Ranked& o) {
      return o.program.target == candidate.program.target && o.program.family == candidate.program.family &&
             o.program != candidate.program;
    });
    if (other != ranking.candidates.rend()) chosen.push_back(other->program);
  }
  return chosen;
}

class Library : public ::testing::TestWithParam<LibraryCase> {
 protected:
  // One text serves every shape that its program is legal for: compiled for the first, run for all.
  // Operators that no family takes whole are checked kernel by kernel.
  template <class Verify>
  void everywhere(const Hardware& hardware, const std::vector<std::string>& types, const Verify& verify) {
    for (const std::string& type : GetParam().floats ? types : std::vector<std::string>{"f32"}) {
      std::map<std::string, std::vector<TileProgram>> known;  // by the part's name
      for (std::size_t point = 0; point < GetParam().points.size(); ++point) {
        const Operator op = at_point(GetParam(), point, type);
        const KernelPlan plan = plan_kernels(op, hardware, all_slices());
        ASSERT_FALSE(plan.parts.empty()) << plan.why_not;
        for (const KernelPlan::Part& part : plan.parts) {
          auto& programs = known[part.op.name];
          std::erase_if(programs, [&](const TileProgram& program) {
            return all_slices().emitters().find(program)->illegal(part.op, program, hardware).has_value();
          });
          if (programs.empty()) programs = choose(part.ranking, type == types.front());
          for (const TileProgram& program : programs)
            EXPECT_EQ(verify(part.op, program), "") << part.op.name << " " << GetParam().points[point] << " " << type;
        }
      }
    }
  }
};

TEST_P(Library, RunsOnTheCpu) {
  everywhere(this_cpu(), {"f32", "f16", "bf16"},
             [](const Operator& op, const TileProgram& program) { return verify_on_cpu(op, program); });
}

TEST_P(Library, RunsInTheEmulator) {
  const Hardware& gpu = find_hardware("a100");
  everywhere(gpu, {"f32", "f16"}, [&](const Operator& op, const TileProgram& program) {
    return verify_emulated(op, program, gpu);
  });
}

INSTANTIATE_TEST_SUITE_P(Operators, Library, ::testing::ValuesIn(library_cases()),
                         [](const auto& test) { return test.param.op; });

TEST(LibraryCases, NameEveryOperator) {
  std::set<std::string> named;
  for (const LibraryCase& c : library_cases()) named.insert(c.op);
  for (const std::string& op : library_operators()) EXPECT_TRUE(named.contains(op)) << op;
}

}  // namespace
}  // namespace perftune::testing
