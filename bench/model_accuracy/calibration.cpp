// Coordinate descent on the logarithm of the shared parameters, from their committed values.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "metrics.hpp"
#include "tables.hpp"

namespace perftune::bench {
namespace {

constexpr std::size_t kSample = 400;  // rows per set while fitting
constexpr int kSweeps = 8;
// Error that a parameter must save to move by a factor of e: what the sets cannot tell stays where it was.
constexpr double kPull = 0.002;

GemmSet sample(const GemmSet& set) {
  GemmSet out = set;
  std::mt19937_64 random(7);
  std::shuffle(out.rows.begin(), out.rows.end(), random);
  out.rows.resize(std::min(out.rows.size(), kSample));
  return out;
}

double mape(const GemmSet& set, const GpuParameters& parameters) {
  std::vector<double> measured;
  for (const GemmRow& row : set.rows) measured.push_back(row.measured_us);
  return accuracy(predict(set, parameters), measured).mape;
}

double loss(const std::vector<GemmSet>& sets, const GpuParameters& parameters) {
  double sum = 0;
  for (const GemmSet& set : sets) sum += mape(set, parameters);
  return sum / static_cast<double>(sets.size());
}

// Starts away from the committed values (every calibrated one moved by up to a third), so that a
// left-out device has no part in where the search begins.
GpuParameters disturbed(std::uint64_t seed) {
  GpuParameters p;
  std::mt19937_64 random(seed);
  for (const NamedParameter& named : named_parameters())
    p.*named.field *= std::exp(0.3 * (static_cast<double>(random() >> 11U) / 4503599627370496.0 - 1));
  return p;
}

double pull(const GpuParameters& tried, const GpuParameters& start) {
  double sum = 0;
  for (const NamedParameter& named : named_parameters())
    if (start.*named.field > 0) sum += std::pow(std::log(tried.*named.field / start.*named.field), 2);
  return kPull * sum;
}

GpuParameters calibrate(const std::vector<GemmSet>& sets) {
  const GpuParameters start = disturbed(3);
  GpuParameters best = start;
  double best_loss = loss(sets, best);
  std::vector<double> step(named_parameters().size(), 0.3);
  for (int sweep = 0; sweep < kSweeps; ++sweep)
    for (std::size_t i = 0; i < step.size(); ++i) {
      const auto field = named_parameters()[i].field;
      bool better = false;
      for (const double factor : {1 + step[i], 1 / (1 + step[i])}) {
        GpuParameters tried = best;
        tried.*field *= factor;
        if (tried.l2_none <= tried.l2_full || tried.math_efficiency > 1) continue;
        const double tried_loss = loss(sets, tried) + pull(tried, start);
        if (tried_loss >= best_loss) continue;
        best = tried;
        best_loss = tried_loss;
        better = true;
        break;
      }
      step[i] = better ? step[i] * 1.2 : std::max(0.02, step[i] * 0.6);
    }
  return best;
}

}  // namespace

std::string leave_one_out_table(const std::vector<GemmSet>& sets, Goals& goals) {
  std::string text = heading();
  for (const GemmSet& left_out : sets) {
    std::vector<GemmSet> others;
    for (const GemmSet& set : sets)
      if (set.name != left_out.name) others.push_back(sample(set));
    const GpuParameters fitted = calibrate(others);
    std::vector<double> measured;
    for (const GemmRow& row : left_out.rows) measured.push_back(row.measured_us);
    const Accuracy judged = accuracy(predict(left_out, fitted), measured);
    goals.push_back({left_out.name + " left out of all fitting, mean error", 100 * judged.mape, 9});
    text += line("fitted without " + left_out.name, judged);
  }
  return text;
}

}  // namespace perftune::bench
