#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <future>

#include "tables.hpp"
#include "xgboost_search.hpp"

namespace perftune::bench {

std::string replay_table(const RecordedSpace& space, int seeds, Goals& goals) {
  constexpr int kBudget = 60;
  const double best = space.best();
  std::string text = fmt::format("{} configurations, best {:.3f}; found as a share of the best, over {} seeds\n",
                                 space.times.size(), best, seeds);
  using Search = std::function<std::vector<double>(std::uint64_t)>;
  const auto ours = [&](ReplaySearch kind) -> Search {
    return [&space, kind](std::uint64_t seed) { return replay(space, kind, kBudget, seed); };
  };
  std::vector<std::pair<const char*, Search>> searches{{"random search", ours(ReplaySearch::random)},
                                                       {"model-guided search", ours(ReplaySearch::model)}};
  if (have_xgboost())
    searches.emplace_back("guided by boosted trees (XGBoost)",
                          [&](std::uint64_t seed) { return xgboost_replay(space, kBudget, seed); });
  else text += "boosted trees left out: needs libxgboost-dev\n";
  for (const auto& [name, search] : searches) {
    std::vector<std::vector<double>> found(static_cast<std::size_t>(seeds));
    const auto some = [&](int from) {
      for (int seed = from; seed < seeds; seed += 2)
        found[static_cast<std::size_t>(seed)] = search(static_cast<std::uint64_t>(seed));
    };
    auto other = std::async(std::launch::async, some, 1);
    some(0);
    other.get();
    text += fmt::format("{}\n", name);
    for (const std::size_t after : {10U, 20U, 30U, 45U, 60U}) {
      std::vector<double> share;
      for (const auto& run : found) share.push_back(best / run[after - 1]);
      std::sort(share.begin(), share.end());
      const auto at_least = [&](double level) {
        return static_cast<double>(share.end() - std::lower_bound(share.begin(), share.end(), level)) / seeds;
      };
      text += fmt::format("  after {:>2}: median {:.3f}, worst {:.3f}, tenth {:.3f}; >= 0.90 in {:.0f} %, >= 0.95 in {:.0f} % of seeds\n",
                          after, share[share.size() / 2], share.front(), share[share.size() / 10],
                          100 * at_least(0.9), 100 * at_least(0.95));
      if (&search != &searches[1].second) continue;
      if (after == 30) goals.push_back({"recorded RTX 3090 space: seeds with 90 % of the best after 30", 100 * at_least(0.9), 90, "%", false});
      if (after == 60) goals.push_back({"the same, 95 % of the best after 60", 100 * at_least(0.95), 90, "%", false});
    }
  }
  return text;
}

}  // namespace perftune::bench
