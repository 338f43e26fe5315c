// Records all candidates of some forty operators on this CPU:
//
//   cpu_spaces hardware FOLDER            describe and calibrate this CPU (idle machine)
//   cpu_spaces compile FOLDER [THREADS]   every candidate; takes minutes
//   cpu_spaces time FOLDER [SECONDS]      as many operators as that allows (idle machine); again until 0 are left
//   cpu_spaces join FOLDER                the recording, to stdout
//
// and replays tunes over it, with and without the learned part; no device needed:
//
//   cpu_spaces replay FOLDER [SETTING=NUMBER]...
//                                         FOLDER holds hardware.yaml, recording.csv.gz, held_out.csv.gz (bench/cpu_spaces/recording);
//                                         with models trained on other operators, on other kinds, and on nothing;
//                                         settings of the search (SearchOptions): worthwhile, noise, own_sigma, batch
//   cpu_spaces predictions FOLDER         of each recorded candidate, stage by stage beside its time: CSV
#include <fmt/format.h>

#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "bench/cpu_spaces/recorder.hpp"
#include "bench/cpu_spaces/searches.hpp"
#include "cli/wire.hpp"
#include "recipes/error.hpp"

namespace {

perftune::SearchOptions search_options(std::span<char*> settings) {
  perftune::SearchOptions options;
  for (const std::string_view setting : settings) {
    const std::size_t equals = setting.find('=');
    const std::string_view name = setting.substr(0, equals);
    const double value = equals == setting.npos ? 0 : std::atof(setting.data() + equals + 1);
    if (name == "worthwhile") options.worthwhile = value;
    else if (name == "noise") options.noise = value;
    else if (name == "own_sigma") options.own_sigma = value;
    else if (name == "batch") options.batch = static_cast<std::size_t>(value);
    else throw perftune::Error(perftune::ErrorKind::usage, "unknown setting \"" + std::string(name) + "\"");
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace perftune::bench;
  try {
    const std::string command = argc > 2 ? argv[1] : "", folder = argc > 2 ? argv[2] : "";
    const double number = argc > 3 ? std::atof(argv[3]) : 0;
    const auto recorded = [&](const std::string& file) { return read_spaces(folder + "/" + file + ".csv.gz"); };
    if (command == "hardware") write_hardware(folder);
    else if (command == "compile") compile_spaces(folder, number > 0 ? static_cast<int>(number) : 2);
    else if (command == "time") fmt::print("{} operators are left\n", time_spaces(folder, number > 0 ? number : 60));
    else if (command == "replay") {
      const perftune::Hardware hardware = recorded_hardware(folder);
      std::vector<CpuSpace> spaces = recorded("recording");
      const std::size_t chosen_on = spaces.size();
      for (CpuSpace& space : recorded("held_out")) spaces.push_back(std::move(space));
      const perftune::Slices slices = perftune::make_slices();
      const perftune::SearchOptions options = search_options(std::span(argv, static_cast<std::size_t>(argc)).subspan(3));
      fmt::print("{}\n", quality_table(spaces, hardware, slices));
      for (const Unseen unseen : {Unseen::itself, Unseen::its_kind, Unseen::all}) {
        const std::vector<SearchPair> pairs = compare_searches(spaces, hardware, slices, options, unseen);
        const bool each = unseen == Unseen::itself;
        fmt::print("{}Those that the search's settings were chosen on:\n{}Those that came after and only judge:\n{}\n",
                   heading(unseen), search_table({pairs.data(), chosen_on}, each),
                   search_table(std::span(pairs).subspan(chosen_on), each));
      }
    }
    else if (command == "predictions") {
      fmt::print("{}", predictions_header());
      for (const char* file : {"recording", "held_out"})
        fmt::print("{}", predictions(recorded(file), recorded_hardware(folder), perftune::make_slices()));
    }
    else if (command == "join") fmt::print("{}", join(folder));
    else {
      fmt::print(stderr, "usage: cpu_spaces hardware|compile|time|join|replay|predictions FOLDER [NUMBER]\n");
      return 2;
    }
    return 0;
  } catch (const perftune::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return error.exit_code();
  }
}
