#include "tuner/kernel_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "recipes/operator_part.hpp"

namespace perftune {
namespace {

constexpr std::size_t kLongestRun = 12;  // statements that one kernel is tried for
constexpr int kEnough = 8;               // candidates to judge a run by

struct Choice {
  double us = std::numeric_limits<double>::infinity();  // of everything from here on
  std::size_t end = 0;                                  // of the run that starts here
};

std::vector<int> run_of(std::size_t begin, std::size_t end) {
  std::vector<int> statements(end - begin);
  std::iota(statements.begin(), statements.end(), static_cast<int>(begin));
  return statements;
}

}  // namespace

double KernelPlan::predicted_us() const {
  double us = 0;
  for (const Part& part : parts) us += part.ranking.candidates.front().prediction.us;
  return us;
}

KernelPlan plan_kernels(const Operator& op, const Hardware& hardware, const Slices& slices) {
  KernelPlan plan;
  Ranking whole = rank(op, hardware, slices);
  if (!whole.candidates.empty()) {
    plan.parts.push_back({op, std::move(whole)});
    return plan;
  }
  const std::size_t count = op.statements.size();
  if (count <= 1) {
    plan.why_not = whole.why_not;
    return plan;
  }
  // From the last statement back: the best cut of the rest is known when a run is looked at.
  std::vector<Choice> best(count + 1);
  best[count].us = 0;
  for (std::size_t begin = count; begin-- > 0;) {
    for (std::size_t end = begin + 1; end <= std::min(count, begin + kLongestRun); ++end) {
      if (end - begin == count) continue;
      const Ranking ranking = rank(part_of(op, run_of(begin, end)), hardware, slices, kEnough);
      if (ranking.candidates.empty()) {
        if (end == begin + 1) plan.why_not = ranking.why_not;  // the first such statement stays
        continue;
      }
      const double us = ranking.candidates.front().prediction.us + best[end].us;
      if (us < best[begin].us) best[begin] = {us, end};
    }
  }
  if (best[0].end == 0) return plan;
  plan.why_not.clear();
  plan.why_split = whole.why_not;
  for (std::size_t begin = 0; begin < count; begin = best[begin].end) {
    Operator part = part_of(op, run_of(begin, best[begin].end));
    Ranking ranking = rank(part, hardware, slices);
    plan.parts.push_back({std::move(part), std::move(ranking)});
  }
  return plan;
}

}  // namespace perftune
