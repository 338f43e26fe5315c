#include "tuner/ranges.hpp"

#include <algorithm>
#include <cmath>

#include "tuner/rank.hpp"

namespace perftune {
namespace {

constexpr double kPredictedTie = 0.01;
constexpr int kFresh = 2;  // candidates constructed for a probe's own shape

class Dispatch {
 public:
  Dispatch(const std::string& dim, const std::vector<TunedPoint>& points, const Hardware& hardware,
           const Slices& slices, TrialRunner& runner)
      : points_(points), hardware_(hardware), slices_(slices), runner_(runner), owner_(points.size()) {
    table_.dim = dim;
    table_.measured = runner.measures();
  }

  DispatchTable build(std::int64_t low, std::int64_t high) {
    for (std::size_t i = 1; i < points_.size(); ++i) owner_[i] = serves_too(owner_[i - 1], i) ? owner_[i - 1] : i;
    add(owner_[0], low, points_[0].extent);
    for (std::size_t i = 1; i < points_.size(); ++i) {
      if (points_[i].extent - points_[i - 1].extent > 1) gap(i - 1, i);
      add(owner_[i], points_[i].extent, points_[i].extent);
    }
    table_.entries.back().high = std::max(table_.entries.back().high, high);
    return std::move(table_);
  }

 private:
  struct Times {
    std::vector<double> us;  // of the programs that are legal; HUGE_VAL for others
    std::vector<std::size_t> best_and_ties;
  };

  bool legal(const Operator& op, const TileProgram& program) const {
    const Emitter* emitter = slices_.emitters().find(program);
    return emitter != nullptr && !emitter->illegal(op, program, hardware_);
  }

  std::optional<Times> time(const Operator& op, const std::vector<TileProgram>& programs) const {
    std::vector<TileProgram> takes;
    std::vector<std::size_t> position;
    for (std::size_t i = 0; i < programs.size(); ++i)
      if (legal(op, programs[i])) {
        takes.push_back(programs[i]);
        position.push_back(i);
      }
    if (takes.empty()) return std::nullopt;
    Times times{std::vector<double>(programs.size(), HUGE_VAL), {}};
    if (runner_.measures()) {
      std::optional<Outcome> failure;
      const auto confirmation = runner_.confirm(op, takes, failure);
      if (!confirmation) return std::nullopt;
      for (std::size_t i = 0; i < takes.size(); ++i) times.us[position[i]] = confirmation->timings[i].median_us;
      times.best_and_ties = {position[confirmation->best]};
      for (const std::size_t tie : confirmation->ties) times.best_and_ties.push_back(position[tie]);
      return times;
    }
    for (std::size_t i = 0; i < takes.size(); ++i) {
      const Resources resources = slices_.emitters().find(takes[i])->estimate(op, takes[i], hardware_);
      times.us[position[i]] = predict_one(op, hardware_, slices_, takes[i], resources).us;
    }
    const double best = *std::min_element(times.us.begin(), times.us.end());
    for (std::size_t i = 0; i < programs.size(); ++i)
      if (times.us[i] <= best * (1 + kPredictedTie)) times.best_and_ties.push_back(i);
    return times;
  }

  // The winner of point `from` is as fast at point `at` as that one's own, within noise.
  bool serves_too(std::size_t from, std::size_t at) const {
    if (points_[from].program == points_[at].program) return true;
    if (!legal(points_[at].op, points_[from].program)) return false;
    const auto times = time(points_[at].op, {points_[at].program, points_[from].program});
    return times && std::ranges::find(times->best_and_ties, 1U) != times->best_and_ties.end();
  }

  // The extents between two neighbouring points.
  void gap(std::size_t left, std::size_t right) {
    const std::int64_t from = points_[left].extent, to = points_[right].extent;
    const double middle = std::sqrt(static_cast<double>(from) * static_cast<double>(to));
    const std::int64_t extent = std::clamp<std::int64_t>(std::llround(middle), from + 1, to - 1);
    std::size_t serving = owner_[left];
    std::optional<double> regret;
    const Operator op = points_[left].op.rebind({{table_.dim, extent}});
    std::vector<TileProgram> programs{points_[owner_[left]].program, points_[owner_[right]].program};
    for (auto& candidate : rank(op, hardware_, slices_).candidates) {
      if (programs.size() == 2 + kFresh) break;
      if (std::ranges::find(programs, candidate.program) == programs.end()) programs.push_back(candidate.program);
    }
    const bool same = programs[0] == programs[1];
    if (same) programs.erase(programs.begin() + 1);
    if (const auto times = time(op, programs)) {
      const bool right_wins = !same && times->us[1] < times->us[0];
      if (right_wins) serving = owner_[right];
      const auto best = std::min_element(times->us.begin(), times->us.end());
      const double us = times->us[right_wins ? 1 : 0];
      if (us < HUGE_VAL) {
        table_.probes.push_back({extent, serving, us, *best,
                                 programs[static_cast<std::size_t>(best - times->us.begin())].text()});
        regret = table_.probes.back().regret();
      }
    }
    add(serving, from + 1, to - 1, regret);
  }

  void add(std::size_t point, std::int64_t low, std::int64_t high, std::optional<double> regret = std::nullopt) {
    auto& entries = table_.entries;
    if (entries.empty() || entries.back().point != point) entries.push_back({point, low, high, regret});
    DispatchTable::Entry& entry = entries.back();
    entry.high = high;
    if (regret) entry.regret = std::max(entry.regret.value_or(0), *regret);
  }

  const std::vector<TunedPoint>& points_;
  const Hardware& hardware_;
  const Slices& slices_;
  TrialRunner& runner_;
  std::vector<std::size_t> owner_;  // by point: whose winner serves it
  DispatchTable table_;
};

}  // namespace

DispatchTable build_dispatch(const std::string& dim, std::int64_t low, std::int64_t high,
                             const std::vector<TunedPoint>& points, const Hardware& hardware, const Slices& slices,
                             TrialRunner& runner) {
  return Dispatch(dim, points, hardware, slices, runner).build(low, high);
}

}  // namespace perftune
