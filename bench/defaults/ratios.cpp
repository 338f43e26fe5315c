#include "bench/defaults/ratios.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

#include "bench/cpu_ops/cases.hpp"
#include "tuner/rank.hpp"

namespace perftune::bench {

std::vector<OperatorPoint> recipe_operators() {
  std::vector<OperatorPoint> all;
  std::set<std::string> seen;
  const auto add = [&](OperatorPoint point, const std::string& name) {
    point.op.name = name;
    if (seen.insert(point.op.signature()).second) all.push_back(std::move(point));
  };
  std::vector<std::filesystem::path> files;
  for (const char* folder : {"ops", "suites"})
    for (const auto& entry : std::filesystem::directory_iterator(std::string(PERFTUNE_SOURCE_DIR "/recipes/") + folder))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files)
    for (OperatorPoint& point : read_operator_file(file.string())) {
      const std::string name = file.stem().string() + "/" + point.op.name;
      add(std::move(point), name);
    }
  for (const auto* names : {&default_cases(), &space_names()})
    for (const std::string& name : *names) add({operator_of(parse_case(name)), 1, "", {}}, name);
  return all;
}

std::vector<DefaultRatio> predicted_ratios(const std::vector<OperatorPoint>& points, const Hardware& hardware,
                                           const Slices& slices) {
  std::vector<DefaultRatio> ratios;
  for (const OperatorPoint& point : points) {
    const Ranking ranking = rank(point.op, hardware, slices);
    if (ranking.candidates.empty()) continue;
    const Ranked& best = ranking.candidates.front();
    const auto made = std::find_if(ranking.candidates.begin(), ranking.candidates.end(),
                                   [](const Ranked& c) { return c.is_default; });
    ratios.push_back({point.op.name, made->program.family, made->program, best.program, made->prediction.us,
                      best.prediction.us, ranking.candidates.size()});
  }
  return ratios;
}

std::vector<DefaultRatio> recorded_ratios(const std::vector<CpuSpace>& spaces, const Hardware& hardware,
                                          const Slices& slices) {
  std::vector<DefaultRatio> ratios;
  for (const CpuSpace& space : spaces) {
    const auto made = predicted_ratios({{space.op, 1, "", {}}}, hardware, slices);
    if (made.empty()) continue;
    DefaultRatio ratio = made.front();
    ratio.name = space.name, ratio.candidates = space.programs.size();
    ratio.made_us = 0, ratio.best_us = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < space.programs.size(); ++i) {
      const double us = space.times[i].repeated_us;
      if (space.programs[i] == ratio.made) ratio.made_us = us;
      if (us < ratio.best_us) ratio.best_us = us, ratio.best = space.programs[i];
    }
    ratios.push_back(std::move(ratio));
  }
  return ratios;
}

}  // namespace perftune::bench
