#include "bench/cpu_spaces/searches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "costmodel/features.hpp"
#include "costmodel/roofline.hpp"
#include "db/records.hpp"
#include "tuner/candidate_search.hpp"
#include "tuner/model_quality.hpp"
#include "tuner/model_store.hpp"

namespace perftune::bench {
namespace {

constexpr std::size_t kTop = 10, kLeaders = 4;
constexpr double kReach = 0.05;  // screened closer than this are confirmed too, as verdict.cpp has it

struct Ready {
  const CpuSpace* space = nullptr;
  std::vector<Ranked> candidates;     // in the white box's order
  std::vector<RecordedTimes> times;   // one per candidate
  std::vector<TrainingRow> rows;
  double best_us = 0;                 // of all, by the second pass
};

Ready ready(const CpuSpace& space, const Hardware& hardware, const Slices& slices, int group) {
  Ready out;
  out.space = &space;
  Ranking ranking = rank_programs(space.op, hardware, slices, space.programs);
  const HardwareRecord device = describe(hardware);
  std::string why;
  std::vector<TileProgram> defaults;  // of each family: what a winner must beat
  for (const auto* slice : slices.for_hardware(hardware)) {
    const auto made = slice->constructor->construct(space.op, hardware, 40, why);
    if (!made.empty()) defaults.push_back(made.front().program);
  }
  for (Ranked& c : ranking.candidates) {
    const auto at = std::find(space.programs.begin(), space.programs.end(), c.program) - space.programs.begin();
    c.is_default = std::find(defaults.begin(), defaults.end(), c.program) != defaults.end();
    out.times.push_back(space.times[static_cast<std::size_t>(at)]);
    out.rows.push_back({features(space.op, hardware, c.program, c.estimate, c.prediction), c.prediction.us,
                        out.times.back().confirmed_us, group,
                        model_scope(device.name, device.vendor_name, c.program.family)});
  }
  out.candidates = std::move(ranking.candidates);
  out.best_us = std::numeric_limits<double>::infinity();
  for (const RecordedTimes& t : out.times) out.best_us = std::min(out.best_us, t.repeated_us);
  return out;
}

// The winner that a tune names after these measurements, by the independent second pass.
double verdict_us(const Ready& r, std::vector<std::size_t> measured) {
  std::sort(measured.begin(), measured.end(),
            [&](std::size_t a, std::size_t b) { return r.times[a].screened_us < r.times[b].screened_us; });
  std::size_t winner = measured.front();
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const RecordedTimes& t = r.times[measured[i]];
    if (i >= kLeaders && t.screened_us > r.times[measured.front()].screened_us * (1 + kReach)) break;
    if (t.confirmed_us < r.times[winner].confirmed_us) winner = measured[i];
  }
  return r.times[winner].repeated_us;
}

struct Run {
  std::vector<std::size_t> order;
  double final_us = 0;
};

Run run(const Ready& r, const Hardware& hardware, const LearnedModel* model, const SearchOptions& options) {
  Run out;
  CandidateSearch search(r.space->op, hardware, r.candidates, model, options);
  while (out.order.size() < kTop) {
    const auto chosen = search.next(kTop - out.order.size());
    if (chosen.empty()) break;
    for (const std::size_t i : chosen) {
      out.order.push_back(i);
      search.learn(i, r.times[i].screened_us);
    }
  }
  // The white box alone measures its default too, in place of its last.
  if (!search.learned())
    for (std::size_t i = 0; i < r.candidates.size(); ++i)
      if (r.candidates[i].is_default && std::find(out.order.begin(), out.order.end(), i) == out.order.end()) {
        out.order.back() = i;
        break;
      }
  out.final_us = verdict_us(r, out.order);
  return out;
}

// Measurements until the verdict is within `noise` of `goal_us`; 0: never.
std::size_t reached(const Ready& r, const Run& run, double goal_us, double noise) {
  for (std::size_t n = 1; n <= run.order.size(); ++n)
    if (verdict_us(r, {run.order.begin(), run.order.begin() + static_cast<std::ptrdiff_t>(n)}) <= goal_us * (1 + noise))
      return n;
  return 0;
}

// What separates the two passes over one operator's fastest kernels.
double noise_of(const Ready& r) {
  std::vector<double> apart;
  for (const RecordedTimes& t : r.times)
    if (t.confirmed_us < 1.5 * r.best_us) apart.push_back(std::abs(std::log(t.repeated_us / t.confirmed_us)));
  std::sort(apart.begin(), apart.end());
  return apart.empty() ? 0.01 : std::max(0.01, apart[apart.size() * 9 / 10]);
}

std::string_view kind(const Ready& r) { return std::string_view(r.space->name).substr(0, r.space->name.find(':')); }

std::optional<LearnedModel> trained_for(const std::vector<Ready>& all, std::size_t at, Unseen unseen) {
  if (unseen == Unseen::all) return std::nullopt;
  std::vector<TrainingRow> rows;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (i != at && (unseen == Unseen::itself || kind(all[i]) != kind(all[at])))
      rows.insert(rows.end(), all[i].rows.begin(), all[i].rows.end());
  return LearnedModel::train(rows);
}

double best_of(const Ready& r, std::size_t count) {
  double best = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < std::min(count, r.times.size()); ++i) best = std::min(best, r.times[i].repeated_us);
  return best;
}

}  // namespace

std::vector<SearchPair> compare_searches(const std::vector<CpuSpace>& spaces, const Hardware& hardware,
                                         const Slices& slices, const SearchOptions& options, Unseen unseen) {
  std::vector<Ready> all;
  for (std::size_t i = 0; i < spaces.size(); ++i) all.push_back(ready(spaces[i], hardware, slices, static_cast<int>(i)));
  std::vector<SearchPair> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Ready& r = all[i];
    const auto model = trained_for(all, i, unseen);
    SearchOptions searching = options;
    searching.without_model = unseen == Unseen::all;
    const Run white = run(r, hardware, nullptr, options);
    const Run learned = run(r, hardware, model ? &*model : nullptr, searching);
    SearchPair pair;
    pair.name = r.space->name;
    pair.candidates = r.times.size();
    pair.noise = noise_of(r);
    pair.top_regret = best_of(r, kTop) / r.best_us - 1;
    pair.white_measured = white.order.size();
    pair.white_needs = reached(r, white, white.final_us, pair.noise);
    pair.learned_measured = learned.order.size();
    pair.learned_needs = reached(r, learned, white.final_us, pair.noise);
    pair.ratio = learned.final_us / white.final_us;
    pair.regret = learned.final_us / r.best_us - 1;
    out.push_back(pair);
  }
  return out;
}

std::string predictions_header() { return "operator,program,confirmed_us,repeated_us,predicted_us,limiter,stages\n"; }

std::string predictions(const std::vector<CpuSpace>& spaces, const Hardware& hardware, const Slices& slices) {
  std::string text;
  for (const CpuSpace& space : spaces) {
    const Ready r = ready(space, hardware, slices, 0);
    for (std::size_t i = 0; i < r.candidates.size(); ++i) {
      const Prediction& p = r.candidates[i].prediction;
      text += fmt::format("\"{}\",\"{}\",{},{},{:.4g},{},", space.name, r.candidates[i].program.text(),
                          r.times[i].confirmed_us, r.times[i].repeated_us, p.us, p.limiter);
      for (const StageTime& stage : p.breakdown) text += fmt::format("{}={:.4g} ", stage.stage, stage.us);
      text.back() = '\n';
    }
  }
  return text;
}

std::string heading(Unseen unseen) {
  constexpr const char* kSettings[] = {"trained on all other operators", "trained on operators of other kinds",
                                       "no training: the white box's intervals and the tune's own measurements"};
  return fmt::format("Searches, {}\n", kSettings[static_cast<int>(unseen)]);
}

std::string search_table(std::span<const SearchPair> pairs, bool each) {
  std::string text;
  if (each)
    text += fmt::format("{:<58}{:>6}{:>7}{:>9}{:>7}{:>7}{:>9}{:>7}{:>8}{:>8}\n", "operator", "cands", "noise", "regret10",
                        "white", "needs", "learned", "needs", "ratio", "regret");
  std::size_t half = 0, half_in_all = 0, no_worse = 0, within_3 = 0, white = 0, learned = 0, white_needs = 0, needs = 0;
  double log_ratio = 0;
  for (const SearchPair& p : pairs) {
    half += p.half(), half_in_all += p.half_in_all(), no_worse += p.no_worse();
    within_3 += p.top_regret <= std::max(0.03, p.noise);
    white += p.white_measured, learned += p.learned_measured;
    white_needs += p.white_needs, needs += p.learned_needs > 0 ? p.learned_needs : p.white_measured;
    log_ratio += std::log(p.ratio);
    if (each)
      text += fmt::format("{:<58}{:>6}{:>6.1f}%{:>8.1f}%{:>7}{:>7}{:>9}{:>7}{:>8.3f}{:>7.1f}%\n", p.name, p.candidates,
                          100 * p.noise, 100 * p.top_regret, p.white_measured, p.white_needs, p.learned_measured,
                          p.learned_needs > 0 ? fmt::format("{}", p.learned_needs) : "-", p.ratio, 100 * p.regret);
  }
  const auto count = static_cast<double>(pairs.size());
  return text + fmt::format(
      "  {} operators. Whole tunes: white box {} measurements, learned {} ({:.0f} %); at most half on {} operators.\n"
      "  White box's final result reached with at most half of its measurements on {}; in all after {} (the white box itself: {}).\n"
      "  Ended no worse than the white box beyond noise on {}; geometric mean of the times {:.4f}.\n"
      "  White box: best of its first {} within 3 % (or noise) of the best of all on {:.0f} % of operators.\n",
      pairs.size(), white, learned, 100.0 * static_cast<double>(learned) / static_cast<double>(white), half_in_all, half,
      needs, white_needs, no_worse, std::exp(log_ratio / count), kTop, 100 * static_cast<double>(within_3) / count);
}

std::string quality_table(const std::vector<CpuSpace>& spaces, const Hardware& hardware, const Slices& slices) {
  TrainingSet set;
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    const Ready r = ready(spaces[i], hardware, slices, static_cast<int>(i));
    for (std::size_t c = 0; c < r.rows.size(); ++c) {
      set.rows.push_back(r.rows[c]);
      set.facts.push_back({r.candidates[c].prediction.limiter, roofline(spaces[i].op, hardware, true).seconds * 1e6});
    }
  }
  std::string why, text;
  const auto trained = train_model(set, 1, why);
  if (!trained) return why + "\n";
  text = fmt::format("{:<44}{:>6}{:>10}{:>10}{:>9}{:>8}{:>15}{:>15}{:>15}\n", "held-out operators", "rows", "roofline",
                     "white box", "learned", "covers", "pairs", "top-1", "top-10");
  for (const ModelQuality::Slice& s : trained->quality.slices)
    text += fmt::format("{:<44}{:>6}{:>9.1f}%{:>9.1f}%{:>8.1f}%{:>7.1f}%  {:.3f} -> {:.3f} {:.3f} -> {:.3f} {:.3f} -> {:.3f}\n",
                        s.by == "limiter" ? "limited by " + s.name : s.name, s.rows, 100 * s.roofline_mape,
                        100 * s.white_box.mape, 100 * s.learned.mape, 100 * s.coverage, s.white_box.pairs, s.learned.pairs,
                        s.white_box.top_1, s.learned.top_1, s.white_box.top_10, s.learned.top_10);
  return text + fmt::format("trained on {} rows in {:.2f} s\n", trained->report.used, trained->seconds);
}

}  // namespace perftune::bench
