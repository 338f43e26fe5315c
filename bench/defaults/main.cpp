// How far each family's default is from the best program:
//
//   defaults predicted HARDWARE     by the model, over all recipes; HARDWARE: a100, h200, ..., or a hardware file
//   defaults recorded FOLDER        by the times of bench/cpu_spaces/recording
//
// One line per operator, the worst first, then shares per family.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "bench/cpu_spaces/recorder.hpp"
#include "bench/defaults/ratios.hpp"
#include "cli/wire.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

namespace {

using perftune::bench::DefaultRatio;

void print(std::vector<DefaultRatio> ratios) {
  std::stable_sort(ratios.begin(), ratios.end(),
                   [](const DefaultRatio& a, const DefaultRatio& b) { return a.ratio() > b.ratio(); });
  std::map<std::string, std::vector<double>> families;
  for (const DefaultRatio& r : ratios) {
    fmt::print("{:7.2f} {:10.4g} {:10.4g} us  {:4}  {}\n", r.ratio(), r.made_us, r.best_us, r.candidates, r.name);
    if (r.made != r.best) fmt::print("{:>12} {}\n{:>12} {}\n", "default", r.made.text(), "best", r.best.text());
    if (r.made_us > 0) families[r.family].push_back(r.ratio());
    if (r.made_us > 0) families["all"].push_back(r.ratio());
  }
  for (const auto& [family, all] : families) {
    double logs = 0;
    for (const double r : all) logs += std::log(r);
    const auto within = [&](double limit) {
      return 100.0 * static_cast<double>(std::count_if(all.begin(), all.end(), [&](double r) { return r <= limit; })) /
             static_cast<double>(all.size());
    };
    fmt::print("{:<12} {:4} operators  geometric mean {:.3f}  worst {:.2f}  within 1.3: {:.1f} %  within 2: {:.1f} %\n", family,
               all.size(), std::exp(logs / static_cast<double>(all.size())), all.front(), within(1.3), within(2));
  }
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace perftune;
  const std::string command = argc == 3 ? argv[1] : "", what = argc == 3 ? argv[2] : "";
  const Slices slices = make_slices();
  if (command == "predicted") {
    const Hardware hardware = std::filesystem::is_directory(what) ? bench::recorded_hardware(what) : find_hardware(what);
    print(bench::predicted_ratios(bench::recipe_operators(), hardware, slices));
  } else if (command == "recorded") {
    std::vector<bench::CpuSpace> spaces = bench::read_spaces(what + "/recording.csv.gz");
    for (bench::CpuSpace& space : bench::read_spaces(what + "/held_out.csv.gz")) spaces.push_back(std::move(space));
    print(bench::recorded_ratios(spaces, bench::recorded_hardware(what), slices));
  } else {
    fmt::print(stderr, "usage: defaults predicted HARDWARE | recorded FOLDER\n");
    return 2;
  }
  return 0;
} catch (const perftune::Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return error.exit_code();
}
