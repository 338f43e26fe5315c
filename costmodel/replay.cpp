#include "costmodel/replay.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "costmodel/gaussian_process.hpp"
#include "costmodel/space_coordinates.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

bool valid(double time) { return std::isfinite(time) && time > 0; }

class Search {
 public:
  Search(const RecordedSpace& space, std::uint64_t seed)
      : space_(space), random_(seed), seen_(space.times.size(), false), points_(space.values, space.parameters.size()) {}

  std::vector<double> run(ReplaySearch kind, int budget) {
    const auto most = std::min(static_cast<std::size_t>(std::max(0, budget)), space_.times.size());
    while (order_.size() < most) {
      std::size_t next = 0;
      if (kind == ReplaySearch::random || points_.width() == 0) next = unseen();
      else next = order_.size() < kStart ? spread_out() : most_promising();
      evaluate(next);
    }
    return found_;
  }

 private:
  static constexpr std::size_t kStart = 5;     // evaluations before the model
  static constexpr std::size_t kDrawn = 200;   // candidates of each of them,
  static constexpr std::size_t kMiddle = 60;   // of which so many nearest the middle: extremes are seldom fast
  static constexpr double kSlow = 0.5;         // log(time) over the best from which slower is just slow

  std::size_t unseen() {
    std::size_t at = 0;
    do at = random_() % space_.times.size();
    while (seen_[at]);
    return at;
  }

  double distance(std::size_t a, std::size_t b) const {
    double sum = 0;
    for (std::size_t c = 0; c < points_.width(); ++c) sum += std::pow(points_.value(a, c, 0) - points_.value(b, c, 0), 2);
    return sum;
  }

  double from_middle(std::size_t at) const {
    double sum = 0;
    for (std::size_t c = 0; c < points_.width(); ++c) sum += std::pow(points_.value(at, c, 0) - 0.5, 2);
    return sum;
  }

  // Far from what is known, but in the middle of the space.
  std::size_t spread_out() {
    std::vector<std::pair<double, std::size_t>> drawn;
    for (std::size_t draw = 0; draw < kDrawn; ++draw) {
      const std::size_t at = unseen();
      drawn.emplace_back(from_middle(at), at);
    }
    std::sort(drawn.begin(), drawn.end());
    if (order_.empty()) return drawn.front().second;
    std::size_t best = drawn.front().second;
    double best_distance = -1;
    for (std::size_t i = 0; i < kMiddle; ++i) {
      double nearest = std::numeric_limits<double>::infinity();
      for (const std::size_t known : order_) nearest = std::min(nearest, distance(drawn[i].second, known));
      if (nearest > best_distance) best_distance = nearest, best = drawn[i].second;
    }
    return best;
  }

  // Each coordinate as the quotient, if any, under which what was measured is likeliest.
  void choose_quotients(const std::vector<double>& log_times) {
    std::vector<double> inputs = known_points();
    const std::size_t width = points_.width();
    const std::vector<double> scales = scales_.empty() ? std::vector<double>(width, GaussianProcess::typical_scale) : scales_;
    double most = GaussianProcess::log_posterior(inputs, width, log_times, scales);
    for (std::size_t c = 0; c < width; ++c) {
      std::size_t chosen = points_.chosen(c);
      for (std::size_t a = 0; a < points_.alternatives(c); ++a) {
        if (a == points_.chosen(c)) continue;
        std::vector<double> tried = inputs;
        for (std::size_t i = 0; i < order_.size(); ++i) tried[i * width + c] = points_.value(order_[i], c, a);
        const double posterior = GaussianProcess::log_posterior(tried, width, log_times, scales);
        if (posterior <= most) continue;
        most = posterior, chosen = a, inputs = std::move(tried);
      }
      if (chosen != points_.chosen(c)) points_.choose(c, chosen);
    }
  }

  std::vector<double> known_points() const {
    std::vector<double> inputs;
    for (const std::size_t i : order_) {
      const auto row = points_.row(i);
      inputs.insert(inputs.end(), row.begin(), row.end());
    }
    return inputs;
  }

  std::size_t most_promising() {
    std::vector<double> log_times;
    double slowest = -std::numeric_limits<double>::infinity();
    for (const std::size_t i : order_)
      if (valid(space_.times[i])) slowest = std::max(slowest, std::log(space_.times[i]));
    if (!std::isfinite(slowest)) return unseen();  // only failures so far
    for (const std::size_t i : order_) log_times.push_back(valid(space_.times[i]) ? std::log(space_.times[i]) : slowest);
    // The surrogate's flexibility belongs to the fast end.
    const double best_log = *std::min_element(log_times.begin(), log_times.end());
    for (double& t : log_times) t = best_log + kSlow * std::tanh((t - best_log) / kSlow);
    choose_quotients(log_times);
    // Length scales are kept between fits, so each fit needs only a step.
    const GaussianProcess gp = GaussianProcess::fit(known_points(), points_.width(), log_times, scales_);
    scales_ = gp.scales();
    const std::vector<Belief> beliefs = gp.predict(points_.rows());
    std::size_t best = unseen();
    double best_gain = -1;
    for (std::size_t i = 0; i < beliefs.size(); ++i) {
      if (seen_[i]) continue;
      const double gain = expected_improvement(beliefs[i], best_log);
      if (gain <= best_gain) continue;
      best_gain = gain;
      best = i;
    }
    return best;
  }

  void evaluate(std::size_t at) {
    seen_[at] = true;
    order_.push_back(at);
    if (valid(space_.times[at])) best_ = std::min(best_, space_.times[at]);
    found_.push_back(best_);
  }

  const RecordedSpace& space_;
  std::mt19937_64 random_;
  std::vector<bool> seen_;
  SpaceCoordinates points_;
  std::vector<std::size_t> order_;
  std::vector<double> found_, scales_;
  double best_ = std::numeric_limits<double>::infinity();
};

}  // namespace

double RecordedSpace::best() const {
  double least = std::numeric_limits<double>::infinity();
  for (const double time : times)
    if (valid(time)) least = std::min(least, time);
  if (!std::isfinite(least)) throw Error(ErrorKind::usage, "the recorded space has no valid time");
  return least;
}

std::vector<double> replay(const RecordedSpace& space, ReplaySearch search, int budget,
                           std::uint64_t seed) {
  return Search(space, seed).run(search, budget);
}

}  // namespace perftune
