// Dispatch tables over a runner whose times are formulas: entries, merging, gaps, regret.
#include "tuner/ranges.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "recipes/operator_file.hpp"
#include "replay.hpp"

namespace perftune {
namespace {

// Program p takes |log2(m) - log2(ideal of p)| + 10 microseconds; within 1 % is a tie.
class FormulaRunner final : public TrialRunner {
 public:
  explicit FormulaRunner(bool measures) : measures_(measures) {}
  bool measures() const override { return measures_; }
  Toolchain toolchain(std::string_view) const override { return {}; }
  Policy policy() const override { return {}; }
  void submit(int, const Operator&, const TileProgram&) override {}
  std::optional<Trial> next(std::chrono::steady_clock::time_point) override { return std::nullopt; }
  std::optional<Confirmation> confirm(const Operator& op, std::span<const TileProgram> programs,
                                      std::optional<Outcome>&) override {
    Confirmation confirmation;
    const double m = std::log2(static_cast<double>(op.dims.at("m")));
    for (const TileProgram& program : programs)
      confirmation.timings.push_back({10 + std::abs(m - static_cast<double>(program.at("number"))), 0, {}});
    for (std::size_t i = 1; i < programs.size(); ++i)
      if (confirmation.timings[i].median_us < confirmation.timings[confirmation.best].median_us) confirmation.best = i;
    for (std::size_t i = 0; i < programs.size(); ++i)
      if (i != confirmation.best &&
          confirmation.timings[i].median_us <= 1.01 * confirmation.timings[confirmation.best].median_us)
        confirmation.ties.push_back(i);
    ++confirmations;
    return confirmation;
  }
  int confirmations = 0;

 private:
  bool measures_;
};

TunedPoint point(std::int64_t m, std::int64_t number) {
  const auto read = parse_operator_text("name: row\ndims: {m: " + std::to_string(m) +
                                            "}\ninputs: {A: \"f32[m]\"}\noutputs: {C: \"f32[m]\"}\ncompute:\n  - C[m] = A[m] + 1\n",
                                        "test");
  return {read.front().op, m, replay::program(number), "kernel" + std::to_string(number)};
}

DispatchTable build(std::int64_t low, std::int64_t high, const std::vector<TunedPoint>& points, FormulaRunner& runner) {
  const Slices slices = replay::slices(3);
  return build_dispatch("m", low, high, points, Hardware{}, slices, runner);
}

// Entries cover the range, ascending, without gaps.
void expect_whole(const DispatchTable& table, std::int64_t low, std::int64_t high) {
  ASSERT_FALSE(table.entries.empty());
  EXPECT_EQ(table.entries.front().low, low);
  EXPECT_EQ(table.entries.back().high, high);
  for (std::size_t i = 1; i < table.entries.size(); ++i)
    EXPECT_EQ(table.entries[i].low, table.entries[i - 1].high + 1);
}

TEST(Ranges, OnePointServesAll) {
  FormulaRunner runner(true);
  const DispatchTable table = build(1, 4096, {point(64, 6)}, runner);
  expect_whole(table, 1, 4096);
  EXPECT_EQ(table.entries.size(), 1U);
  EXPECT_FALSE(table.entries[0].regret);
  EXPECT_EQ(runner.confirmations, 0);
}

TEST(Ranges, PointsWithOneWinnerAreOneEntry) {
  FormulaRunner runner(true);
  const DispatchTable table = build(1, 64, {point(16, 5), point(64, 5)}, runner);
  expect_whole(table, 1, 64);
  EXPECT_EQ(table.entries.size(), 1U);
  EXPECT_EQ(table.probes.size(), 1U);
  EXPECT_EQ(table.probes[0].extent, 32);
}

TEST(Ranges, PointsThatOneProgramServesWithinNoiseAreMerged) {
  FormulaRunner runner(true);
  // At m = 17, program 4 takes 10.09 and program 5 takes 10.91; at 32 the other way round.
  EXPECT_EQ(build(1, 64, {point(16, 4), point(17, 5)}, runner).entries.size(), 1U);
  EXPECT_EQ(build(1, 64, {point(16, 4), point(32, 5)}, runner).entries.size(), 2U);
}

TEST(Ranges, AGapGoesToTheFasterNeighbourAndItsRegretIsAgainstTheBestKnown) {
  FormulaRunner runner(true);
  // The middle of 4 and 1024 is 64 = 2^6: program 2 takes 14, program 9 takes 13, fresh program 0 takes 16.
  const DispatchTable table = build(1, 2000, {point(4, 2), point(1024, 9)}, runner);
  expect_whole(table, 1, 2000);
  ASSERT_EQ(table.entries.size(), 2U);
  EXPECT_EQ(table.entries[0].high, 4);
  EXPECT_EQ(table.entries[1].low, 5);
  ASSERT_EQ(table.probes.size(), 1U);
  EXPECT_EQ(table.probes[0].extent, 64);
  EXPECT_EQ(table.probes[0].point, 1U);
  EXPECT_DOUBLE_EQ(table.probes[0].regret(), 0);
  EXPECT_DOUBLE_EQ(*table.entries[1].regret, 0);
}

TEST(Ranges, AFreshCandidateThatIsFasterIsRegret) {
  FormulaRunner runner(true);
  // At 2^1 fresh program 1 takes 10; program 8 takes 17 at its best neighbour's place.
  const DispatchTable table = build(1, 4, {point(1, 8), point(4, 8)}, runner);
  ASSERT_EQ(table.probes.size(), 1U);
  EXPECT_EQ(table.probes[0].best, replay::program(1).text());
  EXPECT_NEAR(*table.entries[0].regret, 17.0 / 10 - 1, 1e-12);
}

TEST(Ranges, PredictedWhereNothingIsMeasured) {
  FormulaRunner runner(false);
  const DispatchTable table = build(1, 4096, {point(16, 1), point(1024, 2)}, runner);
  EXPECT_FALSE(table.measured);
  expect_whole(table, 1, 4096);
  EXPECT_EQ(runner.confirmations, 0);
  ASSERT_EQ(table.probes.size(), 1U);
  EXPECT_DOUBLE_EQ(table.probes[0].best_us, 10);  // the fake model: 10 us + number
}

TEST(Ranges, NeighboursWithoutAGapAreNotProbed) {
  FormulaRunner runner(true);
  const DispatchTable table = build(3, 9, {point(3, 1), point(4, 9)}, runner);
  expect_whole(table, 3, 9);
  EXPECT_TRUE(table.probes.empty());
}

}  // namespace
}  // namespace perftune
