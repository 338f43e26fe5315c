// How far predictions are from measurements, in the figures that others publish.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace perftune::bench {

struct Accuracy {
  std::size_t rows = 0;
  double mape = 0;       // mean |predicted / measured - 1|
  double median = 0;     // of the same
  double p90 = 0;
  double bias = 0;       // mean log(predicted / measured)
  double rank = 0;       // Spearman's correlation
  double pairwise = 0;   // share of pairs in the right order (a fixed draw of 100,000 pairs)
};

Accuracy accuracy(std::span<const double> predicted, std::span<const double> measured);

// What is reached beside what is wanted.
struct Goal {
  std::string what;
  double achieved = 0, wanted = 0;
  std::string unit = "%";
  bool at_most = true;  // else at least
};
using Goals = std::vector<Goal>;

// Every goal on a line, "met" or "missed".
std::string goal_table(const Goals& goals);

std::string heading();
std::string line(const std::string& name, const Accuracy& accuracy);

}  // namespace perftune::bench
