#include "tuner/verdict.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace perftune {
namespace {

double time_of(const TunedCandidate& candidate) {
  return candidate.outcome.timing ? candidate.outcome.timing->median_us
                                  : candidate.ranked.prediction.us;
}

bool better(const TunedCandidate& a, const TunedCandidate& b) {
  const bool fails_a = !is_success(a.outcome), fails_b = !is_success(b.outcome);
  if (fails_a != fails_b) return fails_b;
  const bool untimed_a = !a.outcome.timing, untimed_b = !b.outcome.timing;
  if (untimed_a != untimed_b) return untimed_b;
  if (time_of(a) != time_of(b)) return time_of(a) < time_of(b);
  return a.ranked.program < b.ranked.program;
}

auto first(std::vector<TunedCandidate>& candidates, std::size_t count) {
  return candidates.begin() + static_cast<std::ptrdiff_t>(count);
}

// Of what no measurement tells apart ours wins before a vendor's, then the model's favourite, then the smallest
// program text: neither changes from run to run. A text alone would name a slow one when a disturbed machine
// ties it with others.
bool breaks_tie(const TunedCandidate& a, const TunedCandidate& b) {
  if (is_vendor(a) != is_vendor(b)) return is_vendor(b);
  const double us_a = a.ranked.prediction.us, us_b = b.ranked.prediction.us;
  return us_a != us_b ? us_a < us_b : a.ranked.program < b.ranked.program;
}

// The best and everything that ties with it.
void name_best(Verdict& verdict, const std::vector<TunedCandidate>& leaders,
               const Confirmation& confirmation) {
  std::vector<std::size_t> tied = confirmation.ties;
  tied.push_back(confirmation.best);
  std::sort(tied.begin(), tied.end(), [&](std::size_t a, std::size_t b) {
    return breaks_tie(leaders[a], leaders[b]);
  });
  verdict.measured = true;
  verdict.best = leaders[tied.front()].kernel;
  verdict.us = confirmation.timings[tied.front()].median_us;
  for (std::size_t i = 1; i < tied.size(); ++i) verdict.ties.push_back(leaders[tied[i]].kernel);
}

// Screenings follow one another over seconds in which clocks and neighbours change: medians closer
// than this, or than half the spread of either, do not rank.
constexpr double kScreeningReach = 0.05;

bool may_be_best(const Timing& timing, const Timing& best) {
  const double reach = std::max({kScreeningReach, timing.spread / 2, best.spread / 2});
  return timing.median_us <= best.median_us * (1 + reach);
}

// How many are to be confirmed: the leading timed ones, the family's default and what vendors' libraries do,
// wherever the screening put those; they are moved next to them.
std::size_t bring_leaders_first(std::vector<TunedCandidate>& candidates, int leaders,
                                int most_leaders) {
  const auto timed_end = std::find_if(candidates.begin(), candidates.end(),
                                      [](const auto& c) { return !c.outcome.timing; });
  const std::ptrdiff_t timed = timed_end - candidates.begin();
  std::ptrdiff_t chosen = std::min<std::ptrdiff_t>(leaders, timed);
  while (chosen < std::min<std::ptrdiff_t>(most_leaders, timed) &&
         may_be_best(*candidates[static_cast<std::size_t>(chosen)].outcome.timing,
                     *candidates.front().outcome.timing))
    ++chosen;
  const auto chosen_end = std::stable_partition(candidates.begin() + chosen, timed_end, [](const auto& c) {
    return c.ranked.is_default || is_vendor(c);
  });
  return static_cast<std::size_t>(chosen_end - candidates.begin());
}

std::optional<Confirmation> confirm_first(const Operator& op, TrialRunner& runner,
                                          const std::vector<TunedCandidate>& candidates,
                                          std::size_t count, std::optional<Outcome>& failure) {
  if (count == 0) return std::nullopt;
  std::vector<TileProgram> programs;
  for (std::size_t i = 0; i < count; ++i) programs.push_back(candidates[i].ranked.program);
  return runner.confirm(op, programs, failure);
}

// Each of the first `count` alone, since a crash does not say whose it was. Those that fail take
// the failure as their outcome and go behind the successes. Returns their kernels.
std::vector<std::string> drop_failing(const Operator& op, TrialRunner& runner,
                                      std::vector<TunedCandidate>& candidates, std::size_t count) {
  std::vector<std::string> dropped;
  for (std::size_t i = 0; i < count; ++i) {
    const TileProgram& program = candidates[i].ranked.program;
    std::optional<Outcome> failure;
    if (runner.confirm(op, {&program, 1}, failure) || !failure) continue;
    failure->resources = candidates[i].outcome.resources;
    candidates[i].outcome = std::move(*failure);
    dropped.push_back(candidates[i].kernel);
  }
  std::stable_partition(candidates.begin(), candidates.end(),
                        [](const auto& c) { return is_success(c.outcome); });
  return dropped;
}

}  // namespace

const TunedCandidate* TuneResult::best_own() const {
  const auto named = std::ranges::find(candidates, best, &TunedCandidate::kernel);
  if (named != candidates.end() && !is_vendor(*named)) return &*named;
  const auto own = std::ranges::find_if(candidates, [](const auto& c) { return is_success(c.outcome) && !is_vendor(c); });
  return own == candidates.end() ? nullptr : &*own;
}

bool is_success(const Outcome& outcome) {
  return outcome.kind == OutcomeKind::timed || outcome.kind == OutcomeKind::noisy ||
         (outcome.kind == OutcomeKind::pending && outcome.verified_by != VerifiedBy::none);
}

void sort_best_first(std::vector<TunedCandidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(), better);
}

Verdict screening_verdict(const std::vector<TunedCandidate>& candidates) {
  // A vendor's is not known to be faster beyond noise.
  const auto own = std::ranges::find_if(candidates, [](const auto& c) { return is_success(c.outcome) && !is_vendor(c); });
  const TunedCandidate& first = own == candidates.end() ? candidates.front() : *own;
  Verdict verdict;
  verdict.best = first.kernel;
  verdict.us = time_of(first);
  verdict.measured = first.outcome.timing.has_value();
  return verdict;
}

Verdict confirmed_verdict(const Operator& op, TrialRunner& runner,
                          std::vector<TunedCandidate>& candidates, int leaders, int most_leaders) {
  const auto start = std::chrono::steady_clock::now();
  Verdict verdict;
  std::size_t count = bring_leaders_first(candidates, leaders, most_leaders);
  std::optional<Outcome> failure;
  auto confirmation = confirm_first(op, runner, candidates, count, failure);
  if (!confirmation && failure) {
    verdict.failed = drop_failing(op, runner, candidates, count);
    count -= verdict.failed.size();
    failure.reset();
    if (!verdict.failed.empty())
      confirmation = confirm_first(op, runner, candidates, count, failure);
  }
  if (!is_success(candidates.front().outcome)) return verdict;
  if (!confirmation) {
    Verdict screened = screening_verdict(candidates);
    screened.failed = std::move(verdict.failed);
    return screened;
  }
  const std::vector<TunedCandidate> chosen(candidates.begin(), first(candidates, count));
  name_best(verdict, chosen, *confirmation);
  for (std::size_t i = 0; i < count; ++i) candidates[i].outcome.timing = confirmation->timings[i];
  // Only among themselves: a confirmed time and a screened one are not the same measurement.
  std::sort(candidates.begin(), first(candidates, count), better);
  verdict.confirmed = count;
  verdict.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return verdict;
}

void decide_by_energy(Verdict& verdict, const std::vector<TunedCandidate>& candidates) {
  constexpr double kTie = 1.02;
  std::vector<const TunedCandidate*> known;
  for (const TunedCandidate& candidate : candidates)
    if (candidate.energy_j) known.push_back(&candidate);
  if (known.empty()) return;
  const auto joules = [](const TunedCandidate* candidate) { return *candidate->energy_j; };
  const double least = joules(*std::ranges::min_element(known, {}, joules));
  std::erase_if(known, [&](const TunedCandidate* candidate) { return joules(candidate) > kTie * least; });
  std::ranges::stable_sort(known, {}, [](const TunedCandidate* candidate) { return std::pair(is_vendor(*candidate), time_of(*candidate)); });
  verdict.best = known.front()->kernel;
  verdict.us = time_of(*known.front());
  verdict.ties.clear();
  for (std::size_t i = 1; i < known.size(); ++i) verdict.ties.push_back(known[i]->kernel);
}

}  // namespace perftune
