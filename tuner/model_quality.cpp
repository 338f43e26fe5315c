#include "tuner/model_quality.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

namespace perftune {
namespace {

struct Judged {
  double roofline = 0, white = 0, learned = 0, measured = 0, sigma = 0;
  int group = 0;
};

constexpr std::size_t kMostPairs = 200;  // neighbours that each row of a group is compared with

double inside(const std::vector<Judged>& rows, double width) {
  std::size_t count = 0;
  for (const Judged& r : rows) count += std::abs(std::log(r.measured / r.learned)) <= width * r.sigma;
  return static_cast<double>(count) / static_cast<double>(rows.size());
}

template <class Predicted>
double mape(const std::vector<Judged>& rows, const Predicted& predicted) {
  double sum = 0;
  for (const Judged& r : rows) sum += std::abs(predicted(r) / r.measured - 1);
  return sum / static_cast<double>(rows.size());
}

template <class Predicted>
ModelQuality::Figures figures(const std::vector<Judged>& rows, const Predicted& predicted) {
  ModelQuality::Figures out;
  out.mape = mape(rows, predicted);
  std::map<int, std::vector<const Judged*>> groups;
  for (const Judged& r : rows) groups[r.group].push_back(&r);
  double pairs = 0, right = 0, best = 0, first = 0, ten = 0;
  for (auto& [group, members] : groups) {
    std::stable_sort(members.begin(), members.end(),
                     [&](const Judged* a, const Judged* b) { return predicted(*a) < predicted(*b); });
    double least = members.front()->measured, of_ten = least;
    for (std::size_t i = 0; i < members.size(); ++i) {
      least = std::min(least, members[i]->measured);
      if (i < 10) of_ten = std::min(of_ten, members[i]->measured);
      for (std::size_t j = i + 1; j < std::min(members.size(), i + kMostPairs); ++j) {
        ++pairs;
        right += members[i]->measured <= members[j]->measured;
      }
    }
    best += least, first += members.front()->measured, ten += of_ten;
  }
  out.pairs = pairs > 0 ? right / pairs : 1;
  out.top_1 = best / first;
  out.top_10 = best / ten;
  return out;
}

ModelQuality::Slice slice(std::string by, std::string name, const std::vector<Judged>& rows) {
  ModelQuality::Slice out;
  out.by = std::move(by);
  out.name = std::move(name);
  out.rows = rows.size();
  std::map<int, int> groups;
  for (const Judged& r : rows) ++groups[r.group];
  out.operators = groups.size();
  out.roofline_mape = mape(rows, [](const Judged& r) { return r.roofline; });
  out.white_box = figures(rows, [](const Judged& r) { return r.white; });
  out.learned = figures(rows, [](const Judged& r) { return r.learned; });
  out.coverage = inside(rows, 1.6448536);
  return out;
}

nlohmann::json figures_json(const ModelQuality::Figures& f) {
  return {{"mape", f.mape}, {"pairs", f.pairs}, {"top_1", f.top_1}, {"top_10", f.top_10}};
}

}  // namespace

ModelQuality judge(const TrainingSet& set, std::span<const JudgedRow> judged) {
  std::vector<Judged> all;
  std::map<std::string, std::vector<Judged>> scopes, limiters;
  for (const JudgedRow& j : judged) {
    const TrainingRow& row = set.rows[j.row];
    const Judged r{set.facts[j.row].roofline_us, row.predicted_us,
                   row.predicted_us * std::exp(j.correction.log_factor), row.measured_us,
                   j.correction.sigma, row.group};
    all.push_back(r);
    scopes[row.scope].push_back(r);
    limiters[set.facts[j.row].limiter].push_back(r);
  }
  ModelQuality out;
  if (all.empty()) return out;
  out.slices.push_back(slice("all", "all rows", all));
  for (const auto& [name, rows] : scopes) out.slices.push_back(slice("scope", name, rows));
  for (const auto& [name, rows] : limiters) out.slices.push_back(slice("limiter", name, rows));
  // Two-sided normal quantiles.
  constexpr std::pair<double, double> kIntervals[] = {{0.5, 0.6745}, {0.7, 1.0364}, {0.8, 1.2816},
                                                      {0.9, 1.6449}, {0.95, 1.96},  {0.99, 2.5758}};
  for (const auto& [nominal, width] : kIntervals) out.calibration.push_back({nominal, inside(all, width)});
  return out;
}

nlohmann::json quality_json(const ModelQuality& quality) {
  nlohmann::json slices = nlohmann::json::array(), calibration = nlohmann::json::array();
  for (const ModelQuality::Slice& s : quality.slices)
    slices.push_back({{"by", s.by}, {"name", s.name}, {"rows", s.rows}, {"operators", s.operators},
                      {"roofline", {{"mape", s.roofline_mape}}}, {"white_box", figures_json(s.white_box)},
                      {"learned", figures_json(s.learned)}, {"coverage_90", s.coverage}});
  for (const auto& [nominal, actual] : quality.calibration)
    calibration.push_back({{"nominal", nominal}, {"actual", actual}});
  return {{"errors", slices}, {"calibration", calibration}};
}

}  // namespace perftune
