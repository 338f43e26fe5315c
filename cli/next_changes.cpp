#include "cli/next_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace perftune {
namespace {

// "block_k 64 -> 32, stages 3 -> 4"; empty: more than `most` knobs differ, or the target does.
std::string difference(const TileProgram& from, const TileProgram& to, std::size_t most) {
  if (from.family != to.family || from.target != to.target) return "";
  std::set<std::string> names;
  for (const auto& [name, value] : from.knobs) names.insert(name);
  for (const auto& [name, value] : to.knobs) names.insert(name);
  std::vector<std::string> changed;
  const auto text = [](const TileProgram& program, const std::string& name) {
    const auto it = program.knobs.find(name);
    return it == program.knobs.end() ? std::string("default") : fmt::format("{}", it->second);
  };
  for (const std::string& name : names)
    if (text(from, name) != text(to, name))
      changed.push_back(fmt::format("{} {} -> {}", name, text(from, name), text(to, name)));
  return changed.empty() || changed.size() > most ? "" : fmt::format("{}", fmt::join(changed, ", "));
}

// The time with one stage gone: what overlapped leaves the next longest, what adds leaves nothing.
double without(const Prediction& p, const std::string& stage) {
  double gone = 0, next = 0;
  bool overlapped = false;
  for (const StageTime& s : p.breakdown)
    if (s.stage == stage) gone = s.us, overlapped = s.overlapped;
  for (const StageTime& s : p.breakdown)
    if (s.stage != stage && s.overlapped) next = std::max(next, s.us);
  const double saved = overlapped ? std::max(0.0, gone - next) : gone;
  // Stages that overlap one another take the longest one's time, whatever else is gone.
  return std::max({p.us - saved, next, p.us * 0.01});
}

}  // namespace

std::vector<NextChange> next_changes(const Ranking& ranking, const Ranked& chosen, std::size_t most) {
  std::vector<NextChange> changes;
  std::set<std::string> targets{chosen.program.target};
  for (const Ranked& other : ranking.candidates) {  // best prediction first
    if (other.program == chosen.program) continue;
    if (targets.insert(other.program.target).second)
      changes.push_back({fmt::format("{} instead of {}", other.program.target, chosen.program.target), other.prediction.us});
    const std::string what = difference(chosen.program, other.program, 2);
    if (!what.empty()) changes.push_back({what, other.prediction.us});
  }
  std::stable_sort(changes.begin(), changes.end(), [](const NextChange& a, const NextChange& b) { return a.us < b.us; });
  if (changes.size() > most) changes.resize(most);
  const Prediction& p = chosen.prediction;
  if (!p.limiter.empty()) {
    const double us = without(p, p.limiter);
    if (us < p.us) changes.push_back({fmt::format("a bound: without its {} time", p.limiter), us, false});
  }
  return changes;
}

}  // namespace perftune
