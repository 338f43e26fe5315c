#include "metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

namespace perftune::bench {
namespace {

std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> rank(values.size());
  for (std::size_t i = 0; i < order.size(); ++i) rank[order[i]] = static_cast<double>(i);
  return rank;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  const double ma = std::accumulate(a.begin(), a.end(), 0.0) / n, mb = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
  }
  return ab / std::sqrt(aa * bb);
}

double pairs_in_order(std::span<const double> predicted, std::span<const double> measured) {
  std::mt19937_64 random(1);
  std::size_t right = 0;
  constexpr std::size_t kPairs = 100000;
  for (std::size_t i = 0; i < kPairs; ++i) {
    const std::size_t a = random() % measured.size(), b = random() % measured.size();
    right += (predicted[a] < predicted[b]) == (measured[a] < measured[b]);
  }
  return static_cast<double>(right) / kPairs;
}

}  // namespace

Accuracy accuracy(std::span<const double> predicted, std::span<const double> measured) {
  Accuracy a;
  a.rows = measured.size();
  std::vector<double> error(a.rows);
  for (std::size_t i = 0; i < a.rows; ++i) {
    error[i] = std::abs(predicted[i] / measured[i] - 1);
    a.mape += error[i] / static_cast<double>(a.rows);
    a.bias += std::log(predicted[i] / measured[i]) / static_cast<double>(a.rows);
  }
  std::sort(error.begin(), error.end());
  a.median = error[a.rows / 2];
  a.p90 = error[a.rows * 9 / 10];
  a.rank = correlation(ranks(predicted), ranks(measured));
  a.pairwise = pairs_in_order(predicted, measured);
  return a;
}

std::string goal_table(const Goals& goals) {
  std::string text = fmt::format("{:<66}{:>10}{:>12}\n", "", "reached", "goal");
  for (const Goal& g : goals) {
    const bool met = g.at_most ? g.achieved <= g.wanted : g.achieved >= g.wanted;
    text += fmt::format("{:<66}{:>8.1f} {:<1}{:>3}{:>7.1f} {:<2}{}\n", g.what, g.achieved, g.unit, g.at_most ? "<=" : ">=",
                        g.wanted, g.unit, met ? "met" : "missed");
  }
  return text;
}

std::string heading() {
  return fmt::format("{:<44} {:>6} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7}\n", "", "rows", "MAPE", "median", "p90",
                     "bias", "rank", "pairs");
}

std::string line(const std::string& name, const Accuracy& a) {
  return fmt::format("{:<44} {:>6} {:>6.1f}% {:>6.1f}% {:>6.1f}% {:>+7.3f} {:>7.4f} {:>6.1f}%\n", name, a.rows,
                     100 * a.mape, 100 * a.median, 100 * a.p90, a.bias, a.rank, 100 * a.pairwise);
}

}  // namespace perftune::bench
