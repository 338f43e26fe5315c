#include "tuner/verdict.hpp"

#include <algorithm>
#include <chrono>

namespace perftune {
namespace {

double time_of(const TunedCandidate& candidate) {
  return candidate.outcome.timing ? candidate.outcome.timing->median_us
                                  : candidate.ranked.prediction.us;
}

// The best and everything that ties with it: the smallest program text wins, whatever the order.
Verdict break_ties(const std::vector<TunedCandidate>& leaders, const Confirmation& confirmation) {
  std::vector<std::size_t> tied = confirmation.ties;
  tied.push_back(confirmation.best);
  std::sort(tied.begin(), tied.end(), [&](std::size_t a, std::size_t b) {
    return leaders[a].ranked.program < leaders[b].ranked.program;
  });
  Verdict verdict;
  verdict.measured = true;
  verdict.best = leaders[tied.front()].kernel;
  verdict.us = confirmation.timings[tied.front()].median_us;
  for (std::size_t i = 1; i < tied.size(); ++i) verdict.ties.push_back(leaders[tied[i]].kernel);
  return verdict;
}

}  // namespace

bool is_success(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::timed || outcome.kind == OutcomeKind::noisy ||
         (outcome.kind == OutcomeKind::pending && outcome.verified_by != VerifiedBy::none);
}

void sort_best_first(std::vector<TunedCandidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(),
            [](const TunedCandidate& a, const TunedCandidate& b) {
              const bool fails_a = !is_success(a.outcome), fails_b = !is_success(b.outcome);
              if (fails_a != fails_b) return fails_b;
              const bool untimed_a = !a.outcome.timing, untimed_b = !b.outcome.timing;
              if (untimed_a != untimed_b) return untimed_b;
              if (time_of(a) != time_of(b)) return time_of(a) < time_of(b);
              return a.ranked.program < b.ranked.program;
            });
}

Verdict screening_verdict(const std::vector<TunedCandidate>& candidates) {
  const TunedCandidate& first = candidates.front();
  return {first.kernel, time_of(first), first.outcome.timing.has_value(), {}, 0, 0};
}

Verdict confirmed_verdict(const Operator& op, TrialRunner& runner,
                          std::vector<TunedCandidate>& candidates, int leaders) {
  const auto start = std::chrono::steady_clock::now();
  const auto timed_end = std::find_if(candidates.begin(), candidates.end(),
                                      [](const auto& c) { return !c.outcome.timing; });
  auto chosen_end = candidates.begin() + std::min<std::ptrdiff_t>(leaders, timed_end - candidates.begin());
  // The default joins the leaders, wherever the screening put it.
  const auto its_default = std::find_if(chosen_end, timed_end,
                                        [](const auto& c) { return c.ranked.is_default; });
  if (its_default != timed_end) {
    std::rotate(chosen_end, its_default, its_default + 1);
    ++chosen_end;
  }
  const std::vector<TunedCandidate> chosen(candidates.begin(), chosen_end);
  std::vector<TileProgram> programs;
  for (const auto& candidate : chosen) programs.push_back(candidate.ranked.program);
  if (programs.empty()) return screening_verdict(candidates);
  const auto confirmation = runner.confirm(op, programs);
  if (!confirmation) return screening_verdict(candidates);
  Verdict verdict = break_ties(chosen, *confirmation);
  for (std::size_t i = 0; i < chosen.size(); ++i) candidates[i].outcome.timing = confirmation->timings[i];
  // Only among themselves: a confirmed time and a screened one are not the same measurement.
  std::vector<TunedCandidate> confirmed(candidates.begin(), candidates.begin() + chosen.size());
  sort_best_first(confirmed);
  std::copy(confirmed.begin(), confirmed.end(), candidates.begin());
  verdict.confirmed = chosen.size();
  verdict.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return verdict;
}

}  // namespace perftune
