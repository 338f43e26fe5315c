// Records all candidates of some forty operators on this CPU:
//
//   cpu_spaces hardware FOLDER            describe and calibrate this CPU (idle machine)
//   cpu_spaces compile FOLDER [THREADS]   every candidate; takes minutes
//   cpu_spaces time FOLDER [SECONDS]      as many operators as that allows (idle machine); again until 0 are left
//   cpu_spaces join FOLDER                the recording, to stdout
//
// and replays tunes over it, with and without the learned part; no device needed:
//
//   cpu_spaces replay FOLDER [GAIN]       FOLDER holds hardware.yaml, recording.csv.gz, held_out.csv.gz (bench/cpu_spaces/recording);
//                                         GAIN: expected improvement of log(time) below which a search ends;
//                                         with models trained on other operators, on other kinds, and on nothing
#include <fmt/format.h>

#include <cstdlib>
#include <span>
#include <string>

#include "bench/cpu_spaces/recorder.hpp"
#include "bench/cpu_spaces/searches.hpp"
#include "cli/wire.hpp"
#include "recipes/error.hpp"

int main(int argc, char** argv) {
  using namespace perftune::bench;
  try {
    const std::string command = argc > 2 ? argv[1] : "", folder = argc > 2 ? argv[2] : "";
    const double number = argc > 3 ? std::atof(argv[3]) : 0;
    if (command == "hardware") write_hardware(folder);
    else if (command == "compile") compile_spaces(folder, number > 0 ? static_cast<int>(number) : 2);
    else if (command == "time") fmt::print("{} operators are left\n", time_spaces(folder, number > 0 ? number : 60));
    else if (command == "replay") {
      const perftune::Hardware hardware = recorded_hardware(folder);
      std::vector<CpuSpace> spaces = read_spaces(folder + "/recording.csv.gz");
      const std::size_t chosen_on = spaces.size();
      for (CpuSpace& space : read_spaces(folder + "/held_out.csv.gz")) spaces.push_back(std::move(space));
      const perftune::Slices slices = perftune::make_slices();
      perftune::SearchOptions options;
      if (number > 0) options.worthwhile = number;
      fmt::print("{}\n", quality_table(spaces, hardware, slices));
      for (const Unseen unseen : {Unseen::itself, Unseen::its_kind, Unseen::all}) {
        const std::vector<SearchPair> pairs = compare_searches(spaces, hardware, slices, options, unseen);
        const bool each = unseen == Unseen::itself;
        fmt::print("{}Those that the search's settings were chosen on:\n{}Those that came after and only judge:\n{}\n",
                   heading(unseen), search_table({pairs.data(), chosen_on}, each),
                   search_table(std::span(pairs).subspan(chosen_on), each));
      }
    }
    else if (command == "join") fmt::print("{}", join(folder));
    else {
      fmt::print(stderr, "usage: cpu_spaces hardware|compile|time|join|replay FOLDER [NUMBER]\n");
      return 2;
    }
    return 0;
  } catch (const perftune::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return error.exit_code();
  }
}
