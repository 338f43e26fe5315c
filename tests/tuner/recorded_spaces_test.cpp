// The search that `tune` uses, over recorded times of 57 operators on a CPU (bench/cpu_spaces/recording): with a
// model trained on the other operators it reaches the white box's result with half of its measurements, ends
// before it has made all, and ends as well.
// Nothing is timed and nothing is compiled.
#include <gtest/gtest.h>

#include <algorithm>

#include "bench/cpu_spaces/recorder.hpp"
#include "bench/cpu_spaces/searches.hpp"
#include "cli/wire.hpp"

namespace perftune::bench {
namespace {

constexpr const char* kFolder = PERFTUNE_SOURCE_DIR "/bench/cpu_spaces/recording";

std::vector<SearchPair> searched(Unseen unseen) {
  std::vector<CpuSpace> spaces = read_spaces(std::string(kFolder) + "/recording.csv.gz");
  for (CpuSpace& space : read_spaces(std::string(kFolder) + "/held_out.csv.gz")) spaces.push_back(std::move(space));
  return compare_searches(spaces, recorded_hardware(kFolder), make_slices(), {}, unseen);
}

struct Totals {
  std::size_t white = 0, learned = 0, half = 0, no_worse = 0;
};

Totals totals(const std::vector<SearchPair>& pairs) {
  Totals t;
  for (const SearchPair& p : pairs) {
    t.white += p.white_measured, t.learned += p.learned_measured;
    t.half += p.half(), t.no_worse += p.no_worse();
  }
  return t;
}

TEST(RecordedSpaces, AModelOfOtherOperatorsHalvesTheMeasurementsAndEndsNoWorse) {
  const std::vector<SearchPair> pairs = searched(Unseen::itself);
  ASSERT_GE(pairs.size(), 50u);
  const Totals t = totals(pairs);
  EXPECT_GE(10 * t.half, 9 * pairs.size()) << "reached the white box's result in half of its measurements";
  EXPECT_LE(10 * t.learned, 7 * t.white) << search_table(pairs, true);
  // All of them where this was written; other processors round the training otherwise.
  EXPECT_GE(t.no_worse + 2, pairs.size()) << search_table(pairs, true);
}

TEST(RecordedSpaces, TheWhiteBoxsFirstTenHoldOneOfTheBest) {
  const std::vector<SearchPair> pairs = searched(Unseen::all);
  const auto within = std::count_if(pairs.begin(), pairs.end(),
                                    [](const SearchPair& p) { return p.top_regret <= std::max(0.03, p.noise); });
  EXPECT_GE(100 * static_cast<std::size_t>(within), 95 * pairs.size()) << search_table(pairs, true);
}

}  // namespace
}  // namespace perftune::bench
