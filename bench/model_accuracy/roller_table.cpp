// The best candidate's predicted time beside what was measured on a V100, for the 119 operators of the
// Roller paper: roller_table [--all] [DATA_FOLDER].
//
// Operators are constructed and ranked as `tune roller119 --gpu v100` does, model only. Prints, by
// operator and over all, the mean absolute error and the rank correlation against the library's time
// and against Roller's best of ten, the geometric mean of predicted over measured, how often the
// prediction is below either, and how long constructing and ranking took; --all every operator.
// The measurements are others'; nothing here ran on a device.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/wire.hpp"
#include "metrics.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/rank.hpp"

namespace perftune::bench {
namespace {

struct Measured {
  std::string op;
  double library_us = 0, roller_us = 0;
};

std::map<std::string, Measured> read_measured(const std::string& path) {
  std::ifstream file(path);
  std::map<std::string, Measured> all;
  std::string text;
  std::getline(file, text);  // the heading
  while (std::getline(file, text)) {
    std::vector<std::string> cells;
    std::istringstream line(text);
    for (std::string cell; std::getline(line, cell, ',');) cells.push_back(cell);
    if (cells.size() < 8) continue;
    std::string name = cells[0];
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto us = [&](std::size_t i) { return cells[i].empty() ? 0 : std::stod(cells[i]) * 1e3; };
    all[name] = {cells[1], us(3), us(7)};
  }
  return all;
}

struct Series {
  std::vector<double> predicted, library, predicted_of_roller, roller;
  void add(double us, const Measured& m) {
    if (m.library_us > 0) predicted.push_back(us), library.push_back(m.library_us);
    if (m.roller_us > 0) predicted_of_roller.push_back(us), roller.push_back(m.roller_us);
  }
};

void print(const std::string& name, const Series& s) {
  std::cout << line(name + ", library", accuracy(s.predicted, s.library)) << '\n'
            << line(name + ", Roller of 10", accuracy(s.predicted_of_roller, s.roller)) << '\n';
}

int run(const std::string& folder, bool all) {
  const auto measured = read_measured(folder + "/roller_v100_119_ops.csv");
  const Hardware& v100 = find_hardware("v100");
  const Slices slices = make_slices();
  std::map<std::string, Series> by_op;
  Series total;
  double seconds = 0;
  std::size_t operators = 0;
  for (const OperatorPoint& point : read_operator_file(PERFTUNE_SOURCE_DIR "/recipes/suites/roller119.yaml")) {
    const auto found = measured.find(point.op.name);
    if (found == measured.end()) throw std::runtime_error("no measurement of " + point.op.name);
    const auto begin = std::chrono::steady_clock::now();
    const Ranking ranking = rank(point.op, v100, slices);
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    ++operators;
    if (ranking.candidates.empty()) throw std::runtime_error(point.op.name + ": " + ranking.why_not);
    const Prediction& best = ranking.candidates.front().prediction;
    const Measured& m = found->second;
    by_op[m.op].add(best.us, m);
    total.add(best.us, m);
    if (all)
      std::cout << fmt::format("{:5} {:18} predicted {:10.1f} library {:10.1f} ({:5.2f}) Roller {:10.1f} ({:5.2f}) {:10} {}\n",
                               point.op.name, m.op, best.us, m.library_us, best.us / m.library_us, m.roller_us,
                               best.us / m.roller_us, best.limiter, ranking.candidates.front().program.text());
  }
  std::cout << fmt::format("{} operators constructed and ranked in {:.1f} s\n", operators, seconds) << heading() << '\n';
  for (const auto& [op, series] : by_op) print(op, series);
  print("all", total);
  return 0;
}

}  // namespace
}  // namespace perftune::bench

int main(int argc, char** argv) try {
  std::string folder = PERFTUNE_SOURCE_DIR "/../shared/data";
  bool all = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--all") == 0) all = true;
    else folder = argv[i];
  }
  if (!std::filesystem::is_directory(folder)) {
    std::cout << "skipped: no reference data in " << folder << '\n';
    return 0;
  }
  return perftune::bench::run(folder, all);
} catch (const std::exception& error) {
  std::cerr << "roller_table: " << error.what() << '\n';
  return 1;
}
