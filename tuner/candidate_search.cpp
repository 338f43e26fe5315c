#include "tuner/candidate_search.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "costmodel/features.hpp"
#include "db/records.hpp"
#include "tuner/training_set.hpp"

namespace perftune {

std::vector<double> knob_points(const std::vector<Ranked>& candidates, std::size_t& width) {
  std::set<std::string> names, kinds;
  for (const Ranked& c : candidates) {
    for (const auto& [name, value] : c.program.knobs) names.insert(name);
    kinds.insert(c.program.family + c.program.target);
  }
  std::vector<std::vector<double>> columns;
  const auto add = [&](const auto& value_of) {
    std::vector<double> column;
    for (const Ranked& c : candidates) column.push_back(value_of(c));
    const auto [low, high] = std::minmax_element(column.begin(), column.end());
    const double least = *low, most = *high;
    if (least == most) return;
    for (double& v : column) v = (v - least) / (most - least);
    columns.push_back(std::move(column));
  };
  for (const std::string& name : names)
    add([&](const Ranked& c) {
      // A knob at its default is absent; "all" is a large number.
      const auto value = static_cast<double>(std::min<std::int64_t>(c.program.get(name, 1), 1 << 14));
      return std::log2(1 + std::max(0.0, value));
    });
  if (kinds.size() > 1)
    for (const std::string& kind : kinds)
      add([&](const Ranked& c) { return c.program.family + c.program.target == kind ? 1.0 : 0.0; });
  width = columns.size();
  std::vector<double> points(candidates.size() * width);
  for (std::size_t i = 0; i < candidates.size(); ++i)
    for (std::size_t f = 0; f < width; ++f) points[i * width + f] = columns[f][i];
  return points;
}

CandidateSearch::CandidateSearch(const Operator& op, const Hardware& hardware,
                                 const std::vector<Ranked>& candidates, const LearnedModel* model,
                                 const SearchOptions& options)
    : options_(options), taken_(candidates.size(), false) {
  const HardwareRecord device = describe(hardware);
  const auto scope = [&](const Ranked& c) { return model_scope(device.name, device.vendor_name, c.program.family); };
  learned_ = model != nullptr && !candidates.empty() &&
             std::all_of(candidates.begin(), candidates.end(), [&](const Ranked& c) { return model->knows(scope(c)); });
  if (!learned_ && !(options.without_model && !candidates.empty())) return;
  points_ = knob_points(candidates, width_);
  constexpr double kNinety = 1.6448536;  // normal quantile of a two-sided 90 % interval
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Ranked& c = candidates[i];
    const Correction correction =
        learned_ ? model->correct(features(op, hardware, c.program, c.estimate, c.prediction), scope(c))
                 : Correction{0, std::log(c.prediction.high_us / c.prediction.low_us) / (2 * kNinety)};
    prior_.push_back({std::log(c.prediction.us) + correction.log_factor, std::min(correction.sigma, options.own_sigma)});
    if (c.is_default && !default_) default_ = i;
    if (c.prediction.us < candidates[white_box_best_].prediction.us) white_box_best_ = i;
  }
}

std::vector<std::size_t> CandidateSearch::promising(std::size_t count) const {
  std::vector<std::size_t> open;
  std::vector<Belief> beliefs;
  std::vector<double> points;
  const std::vector<Belief> all = update_beliefs(prior_, points_, width_, measured_, options_.prior);
  double best = std::numeric_limits<double>::infinity();
  for (const Measured& m : measured_) best = std::min(best, m.log_time);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (taken_[i]) continue;
    open.push_back(i);
    beliefs.push_back(all[i]);
    const auto row = points_.begin() + static_cast<std::ptrdiff_t>(i * width_);
    points.insert(points.end(), row, row + static_cast<std::ptrdiff_t>(width_));
  }
  if (open.empty()) return {};
  double gain = 0;
  for (const Belief& b : beliefs) gain = std::max(gain, expected_improvement(b, best - options_.noise));
  if (gain < options_.worthwhile) return {};
  std::vector<std::size_t> chosen;
  for (const std::size_t i : choose_batch(beliefs, points, width_, best, count)) chosen.push_back(open[i]);
  return chosen;
}

std::vector<std::size_t> CandidateSearch::next(std::size_t most) {
  std::vector<std::size_t> chosen;
  if (prior_.empty()) {
    for (std::size_t i = 0; i < taken_.size() && chosen.size() < most; ++i)
      if (!taken_[i]) chosen.push_back(i);
  } else if (under_way_ > 0) {
    return {};
  } else if (measured_.empty()) {
    // The best guess, the white box's, what a winner must beat; then the next best guesses.
    std::vector<std::size_t> order(prior_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return prior_[a].log_time < prior_[b].log_time; });
    if (default_) order.insert(order.begin() + 1, *default_);
    order.insert(order.begin() + 1, white_box_best_);
    for (const std::size_t i : order)
      if (!taken_[i] && chosen.size() < std::min(most, options_.first_batch) &&
          std::find(chosen.begin(), chosen.end(), i) == chosen.end())
        chosen.push_back(i);
  } else {
    chosen = promising(std::min(most, options_.batch));
  }
  for (const std::size_t i : chosen) taken_[i] = true;
  under_way_ += chosen.size();
  return chosen;
}

void CandidateSearch::learn(std::size_t candidate, double us) {
  if (taken_[candidate] && under_way_ > 0) --under_way_;
  taken_[candidate] = true;
  if (us > 0) measured_.push_back({candidate, std::log(us)});
}

}  // namespace perftune
