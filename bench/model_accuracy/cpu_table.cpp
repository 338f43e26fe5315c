#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/cpu_spaces/recorder.hpp"
#include "bench/cpu_spaces/searches.hpp"
#include "cli/wire.hpp"
#include "tables.hpp"

namespace perftune::bench {

std::string cpu_table(const std::string& folder, Goals& goals) {
  const Hardware hardware = recorded_hardware(folder);
  const Slices slices = make_slices();
  std::vector<CpuSpace> spaces = read_spaces(folder + "/recording.csv.gz");
  const std::size_t chosen_on = spaces.size();
  for (CpuSpace& space : read_spaces(folder + "/held_out.csv.gz")) spaces.push_back(std::move(space));
  const std::vector<SearchPair> pairs = compare_searches(spaces, hardware, slices, {}, Unseen::itself);
  const auto share = [&](const auto& holds) {
    return 100.0 * static_cast<double>(std::count_if(pairs.begin(), pairs.end(), holds)) / static_cast<double>(pairs.size());
  };
  double white = 0, learned = 0;
  for (const SearchPair& p : pairs) {
    white += static_cast<double>(p.white_measured);
    learned += static_cast<double>(p.learned_measured);
  }
  goals.push_back({"CPU: operators whose best of ten is within 3 % (or noise) of all",
                   share([](const SearchPair& p) { return p.top_regret <= std::max(0.03, p.noise); }), 95, "%", false});
  goals.push_back({"CPU: measurements of whole tunes, of the white box's", 100 * learned / white, 50});
  goals.push_back({"CPU: operators that reach the white box's result in half",
                   share([](const SearchPair& p) { return p.half(); }), 100, "%", false});
  goals.push_back({"CPU: operators that end no worse beyond noise",
                   share([](const SearchPair& p) { return p.no_worse(); }), 100, "%", false});
  return quality_table(spaces, hardware, slices) + "\n" + heading(Unseen::itself) +
         "Those that the search's settings were chosen on:\n" + search_table({pairs.data(), chosen_on}, false) +
         "Those that came after and only judge:\n" + search_table(std::span(pairs).subspan(chosen_on), false);
}

}  // namespace perftune::bench
