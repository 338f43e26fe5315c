#include "costmodel/replay.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "costmodel/gaussian_process.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

bool valid(double time) { return std::isfinite(time) && time > 0; }

// Parameters as inputs in [0, 1]: powers of two by their logarithm, since tile sizes act by
// ratios; constants are left out.
struct Points {
  std::size_t width = 0;
  std::vector<double> rows;
};

Points normalised(const RecordedSpace& space) {
  const std::size_t count = space.times.size(), width = space.parameters.size();
  std::vector<std::vector<double>> columns;
  for (std::size_t p = 0; p < width; ++p) {
    std::vector<double> column(count);
    for (std::size_t i = 0; i < count; ++i) column[i] = space.values[i * width + p];
    const auto [low, high] = std::minmax_element(column.begin(), column.end());
    if (*low == *high) continue;
    if (*low > 0) for (double& v : column) v = std::log2(v);
    const double least = *low, most = *high;
    for (double& v : column) v = (v - least) / (most - least);
    columns.push_back(std::move(column));
  }
  Points points{columns.size(), std::vector<double>(count * columns.size())};
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t p = 0; p < columns.size(); ++p) points.rows[i * points.width + p] = columns[p][i];
  return points;
}

class Search {
 public:
  Search(const RecordedSpace& space, std::uint64_t seed)
      : space_(space), random_(seed), seen_(space.times.size(), false) {}

  std::vector<double> run(ReplaySearch kind, int budget) {
    points_ = normalised(space_);
    const auto most = std::min(static_cast<std::size_t>(std::max(0, budget)), space_.times.size());
    while (order_.size() < most) {
      std::size_t next = 0;
      if (kind == ReplaySearch::random || points_.width == 0) next = unseen();
      else next = order_.size() < kStart ? farthest() : most_promising();
      evaluate(next);
    }
    return found_;
  }

 private:
  static constexpr std::size_t kStart = 8;      // space-filling evaluations before the model
  static constexpr std::size_t kDrawn = 200;    // candidates of each space-filling draw

  std::size_t unseen() {
    std::size_t at = 0;
    do at = random_() % space_.times.size();
    while (seen_[at]);
    return at;
  }

  double distance(std::size_t a, std::size_t b) const {
    double sum = 0;
    for (std::size_t p = 0; p < points_.width; ++p)
      sum += std::pow(points_.rows[a * points_.width + p] - points_.rows[b * points_.width + p], 2);
    return sum;
  }

  std::size_t farthest() {
    std::size_t best = unseen();
    double best_distance = -1;
    for (std::size_t draw = 0; draw < kDrawn; ++draw) {
      const std::size_t at = unseen();
      double nearest = std::numeric_limits<double>::infinity();
      for (const std::size_t known : order_) nearest = std::min(nearest, distance(at, known));
      if (nearest > best_distance && std::isfinite(nearest)) {
        best_distance = nearest;
        best = at;
      }
    }
    return best;
  }

  std::size_t most_promising() {
    std::vector<double> inputs, log_times;
    double slowest = -std::numeric_limits<double>::infinity();
    for (const std::size_t i : order_)
      if (valid(space_.times[i])) slowest = std::max(slowest, std::log(space_.times[i]));
    if (!std::isfinite(slowest)) return unseen();  // only failures so far
    for (const std::size_t i : order_) {
      const auto row = points_.rows.begin() + static_cast<std::ptrdiff_t>(i * points_.width);
      inputs.insert(inputs.end(), row, row + static_cast<std::ptrdiff_t>(points_.width));
      log_times.push_back(valid(space_.times[i]) ? std::log(space_.times[i]) : slowest);
    }
    // The surrogate's flexibility belongs to the fast end: beyond e times the best, slow is slow.
    const double best_log = *std::min_element(log_times.begin(), log_times.end());
    for (double& t : log_times) t = best_log + std::tanh(t - best_log);
    // Length scales are kept between fits, so each fit needs only a step.
    const GaussianProcess gp = GaussianProcess::fit(inputs, points_.width, log_times, scales_);
    scales_ = gp.scales();
    const std::vector<Belief> beliefs = gp.predict(points_.rows);
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
  Points points_;
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
