// The tune loop against scripted outcomes: what is tried, what is kept, who wins.
#include "tuner/tune.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include <filesystem>

#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"
#include "tests/tuner/replay.hpp"

namespace perftune {
namespace {

using replay::failed;
using replay::timed;

class TuneLoop : public testing::Test {
 protected:
  TuneLoop() {
    op_ = parse_operator_text(R"(name: gemm
dims: {m: 64, n: 64, k: 64}
inputs: {A: "f32[m,k]", B: "f32[k,n]"}
outputs: {C: "f32[m,n]"}
compute:
  - C[m,n] = sum[k](A[m,k] * B[k,n])
)", "gemm.yaml").front().op;
    hardware_.name = "fake-gpu";
    hardware_.arch = "sm_0";
    folder_ = std::filesystem::temp_directory_path() /
              ("perftune_tune_test_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  ~TuneLoop() override { std::filesystem::remove_all(folder_); }

  TuneRun run(int constructed = 30, int default_program = 0) {
    Store store((folder_ / "store.db").string());
    return tune(op_, "", hardware_, replay::slices(constructed, default_program), runner_, store, options_, {});
  }

  Operator op_;
  Hardware hardware_;
  replay::ScriptedRunner runner_;
  TuneOptions options_;
  std::filesystem::path folder_;
};

TEST_F(TuneLoop, TriesTheBestPredictionsAndNamesThePredictedBestOffline) {
  const auto [result, end] = run();
  EXPECT_EQ(end, TuneEnd::finished);
  EXPECT_FALSE(result.measured);
  EXPECT_EQ(result.counts.constructed, 30);
  EXPECT_EQ(result.counts.verified, 10);
  EXPECT_EQ(runner_.tried, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(result.best, result.candidates.front().kernel);
  EXPECT_EQ(result.candidates.front().ranked.program, replay::program(0));
  EXPECT_FALSE(result.best_measured);
}

TEST_F(TuneLoop, ReplacesEachFailureByTheNextInRank) {
  runner_.answer = [](std::int64_t number) {
    return number % 2 == 0 ? failed(OutcomeKind::crashed) : replay::emulated();
  };
  const auto [result, end] = run();
  EXPECT_EQ(result.counts.verified, 10);
  EXPECT_EQ(result.counts.failed, 10);
  EXPECT_EQ(failure_histogram(result), "crashed 10");
  EXPECT_EQ(result.candidates.front().ranked.program, replay::program(1));
}

TEST_F(TuneLoop, NamesNoWinnerWhenEverythingFails) {
  runner_.answer = [](std::int64_t number) {
    return failed(number < 3 ? OutcomeKind::timed_out : OutcomeKind::wrong_result);
  };
  const auto [result, end] = run(5);
  EXPECT_EQ(end, TuneEnd::finished);
  EXPECT_TRUE(result.best.empty());
  EXPECT_EQ(failure_histogram(result), "timed_out 3, wrong_result 2");
}

TEST_F(TuneLoop, ThrowsWhenNothingCanBeConstructed) {
  try {
    run(0);
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::no_candidate);
    EXPECT_NE(std::string(error.what()).find("statement 1"), std::string::npos);
  }
}

TEST_F(TuneLoop, TheWinnerIsTheConfirmedOneAndItsTimeTheSecondMeasurement) {
  runner_.has_device = true;
  runner_.answer = [](std::int64_t number) { return timed(100.0 - static_cast<double>(number)); };
  // The screening's best (number 9, 91 us) was lucky: the confirmation says number 8.
  runner_.confirmation = [](std::span<const TileProgram> programs) {
    Confirmation c;
    for (const auto& p : programs)
      c.timings.push_back(Timing{p.at("number") == 8 ? 93.0 : 97.0, 0.01, {}});
    c.best = 1;
    return c;
  };
  const auto [result, end] = run();
  EXPECT_TRUE(result.best_measured);
  EXPECT_EQ(result.best_us, 93.0);
  EXPECT_EQ(result.candidates.front().ranked.program, replay::program(8));
  EXPECT_TRUE(result.ties.empty());
}

TEST_F(TuneLoop, TheFamilysDefaultIsMeasuredAndConfirmedHoweverItRanks) {
  runner_.has_device = true;
  options_.top = 5;
  // The model ranks by number; the default is the eighteenth, and slowest in the screening.
  runner_.answer = [](std::int64_t number) { return timed(number == 17 ? 900.0 : 100.0 + static_cast<double>(number)); };
  std::vector<std::int64_t> confirmed;
  runner_.confirmation = [&](std::span<const TileProgram> programs) {
    Confirmation c;
    for (const auto& p : programs) {
      confirmed.push_back(p.at("number"));
      c.timings.push_back(Timing{100.0, 0.01, {}});
    }
    return c;
  };
  run(30, 17);
  EXPECT_EQ(runner_.tried, (std::vector<std::int64_t>{0, 1, 2, 3, 17}));
  EXPECT_EQ(confirmed, (std::vector<std::int64_t>{0, 1, 2, 3, 17}));
}

TEST_F(TuneLoop, WhereOneIsMeasuredItIsTheBestGuessAndNotTheDefault) {
  runner_.has_device = true;
  options_.top = 1;
  runner_.answer = [](std::int64_t) { return timed(100.0); };
  EXPECT_EQ(run(30, 17).result.candidates.front().ranked.program, replay::program(0));
  EXPECT_EQ(runner_.tried, (std::vector<std::int64_t>{0}));
}

TEST_F(TuneLoop, AllThatTheScreeningCannotTellApartAreConfirmed) {
  runner_.has_device = true;
  // Eight within 5 % of the best, two beyond.
  runner_.answer = [](std::int64_t number) {
    return timed(number < 8 ? 100.0 + 0.5 * static_cast<double>(number) : 120.0);
  };
  std::size_t confirmed = 0;
  runner_.confirmation = [&](std::span<const TileProgram> programs) {
    confirmed = programs.size();
    Confirmation c;
    c.timings.assign(programs.size(), Timing{100.0, 0.01, {}});
    return c;
  };
  run();
  EXPECT_EQ(confirmed, 8u);
}

TEST_F(TuneLoop, ACandidateThatCrashesWhenConfirmedCostsItselfAlone) {
  runner_.has_device = true;
  runner_.fails_again = {1};
  runner_.answer = [](std::int64_t number) { return timed(100.0 + static_cast<double>(number)); };
  runner_.confirmation = [](std::span<const TileProgram> programs) {
    Confirmation c;
    for (const auto& p : programs)
      c.timings.push_back(Timing{p.at("number") == 2 ? 90.0 : 120.0, 0.01, {}});
    for (std::size_t i = 0; i < programs.size(); ++i)
      if (programs[i].at("number") == 2) c.best = i;
    return c;
  };
  const auto [result, end] = run();
  EXPECT_TRUE(result.best_measured);
  EXPECT_EQ(result.best_us, 90.0);
  EXPECT_EQ(result.candidates.front().ranked.program, replay::program(2));
  EXPECT_EQ(result.counts.failed, 1);
  EXPECT_EQ(result.counts.measured, 9);
  EXPECT_EQ(result.candidates.back().ranked.program, replay::program(1));
  EXPECT_EQ(result.candidates.back().outcome.kind, OutcomeKind::crashed);
  EXPECT_FALSE(result.candidates.back().outcome.timing);
}

TEST_F(TuneLoop, NoWinnerWhenAllThatWereTimedCrashWhenConfirmed) {
  runner_.has_device = true;
  runner_.fails_again = {0, 1, 2};
  runner_.answer = [](std::int64_t number) { return timed(100.0 + static_cast<double>(number)); };
  const auto [result, end] = run(3);
  EXPECT_TRUE(result.best.empty());
  EXPECT_EQ(failure_histogram(result), "crashed 3");
}

TEST_F(TuneLoop, BreaksATieByThePredictionWhicheverWasFaster) {
  runner_.has_device = true;
  runner_.answer = [](std::int64_t number) { return timed(50.0 + static_cast<double>(number)); };
  std::vector<std::string> winners;
  for (std::size_t fastest : {0, 1, 2}) {
    runner_.confirmation = [=](std::span<const TileProgram> programs) {
      Confirmation c;
      c.timings.assign(programs.size(), Timing{50.0, 0.01, {}});
      c.best = fastest;
      for (std::size_t i = 0; i < 3; ++i)
        if (i != fastest) c.ties.push_back(i);
      return c;
    };
    const auto [result, end] = run();
    winners.push_back(result.best);
    EXPECT_EQ(result.ties.size(), 2U);
    const auto of = [&result = result](const std::string& kernel) {
      return std::ranges::find(result.candidates, kernel, &TunedCandidate::kernel)->ranked.prediction.us;
    };
    for (const std::string& tie : result.ties) EXPECT_LE(of(result.best), of(tie));
  }
  EXPECT_EQ(winners[0], winners[1]);
  EXPECT_EQ(winners[1], winners[2]);
}

// The least energy wins among what was confirmed.
class TuneForEnergy : public TuneLoop {
 protected:
  TuneForEnergy() {
    runner_.has_device = true;
    options_.top = 4;
    runner_.answer = [](std::int64_t number) { return timed(100.0 + static_cast<double>(number)); };
    runner_.confirmation = [](std::span<const TileProgram> programs) {
      Confirmation c;
      for (const auto& p : programs) c.timings.push_back(Timing{100.0 + 10 * static_cast<double>(p.at("number")), 0.01, {}});
      return c;
    };
  }
  // Joules of program number i.
  void takes(std::vector<double> joules) {
    options_.energy = [joules](const Operator&, std::span<const TileProgram> programs, std::string&) {
      std::vector<double> told;
      for (const auto& p : programs) told.push_back(joules.at(static_cast<std::size_t>(p.at("number"))));
      return std::optional(told);
    };
  }
};

TEST_F(TuneForEnergy, TheLeastWinsUnderAPolicyOfItsOwn) {
  takes({0.5, 0.4, 0.3, 0.6});
  const auto [result, end] = run();
  const auto best = std::ranges::find(result.candidates, result.best, &TunedCandidate::kernel);
  ASSERT_NE(best, result.candidates.end());
  EXPECT_EQ(best->ranked.program, replay::program(2));
  EXPECT_EQ(best->energy_j, 0.3);
  EXPECT_EQ(result.best_us, 120);
  EXPECT_TRUE(result.by_energy);
  Store store((folder_ / "store.db").string());
  const HardwareId hardware = *store.find_hardware(describe(hardware_));
  EXPECT_FALSE(store.winner(op_.signature(), hardware, Policy().text()));
  const auto winner = store.winner(op_.signature(), hardware, Policy().text() + " objective=energy");
  ASSERT_TRUE(winner);
  EXPECT_EQ(winner->measured_us, 120);
}

TEST_F(TuneForEnergy, OfATieTheFasterWins) {
  takes({0.304, 0.4, 0.3, 0.302});
  const auto [result, end] = run();
  EXPECT_EQ(result.best_us, 100);
  EXPECT_EQ(result.ties.size(), 2U);
}

TEST_F(TuneForEnergy, WithoutACounterTheTuneEndsWithTheReason) {
  options_.energy = [](const Operator&, std::span<const TileProgram>, std::string& why_not) {
    why_not = "the energy counter does not move";
    return std::optional<std::vector<double>>();
  };
  try {
    run();
    ADD_FAILURE() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_NE(std::string(error.what()).find("does not move"), std::string::npos);
  }
}

// What a vendor's library does, in the same confirmation as ours.
class TuneWithVendors : public TuneLoop {
 protected:
  static constexpr double kVendor = 90;

  TuneWithVendors() {
    runner_.has_device = true;
    runner_.answer = [](std::int64_t number) { return timed(number == 77 ? kVendor : 100.0 + static_cast<double>(number)); };
    options_.vendors = {{"contraction", "vendor/openblas", {{"number", 77}, {"version", 321}}}};
  }
  // The vendor's is the fastest, `tied` with ours or not.
  void confirm(bool tied) {
    runner_.confirmation = [this, tied](std::span<const TileProgram> programs) {
      Confirmation c;
      for (std::size_t i = 0; i < programs.size(); ++i) {
        const bool vendor = programs[i].target == "vendor/openblas";
        c.timings.push_back(Timing{vendor ? kVendor : 91.0 + static_cast<double>(i), 0.01, {}});
        if (vendor) c.best = i, ++vendors_confirmed_;
      }
      for (std::size_t i = 0; tied && i < programs.size(); ++i)
        if (i != c.best) c.ties.push_back(i);
      return c;
    };
  }
  std::string stored_winner() {
    Store store((folder_ / "store.db").string());
    return store.winner(op_.signature(), *store.find_hardware(describe(hardware_)))->kernel.target;
  }
  int vendors_confirmed_ = 0;
};

TEST_F(TuneWithVendors, ALibraryThatIsFasterBeyondNoiseIsTheStoredWinner) {
  confirm(false);
  const auto [result, end] = run();
  const auto best = std::ranges::find(result.candidates, result.best, &TunedCandidate::kernel);
  ASSERT_NE(best, result.candidates.end());
  EXPECT_EQ(best->ranked.program, options_.vendors.front());
  EXPECT_EQ(result.best_us, kVendor);
  EXPECT_EQ(stored_winner(), "vendor/openblas");
  ASSERT_EQ(result.baselines.size(), 1U);
  EXPECT_EQ(result.baselines.front().name, "OpenBLAS");
  ASSERT_NE(result.best_own(), nullptr);
  EXPECT_EQ(result.best_own()->ranked.program.target, "cuda/fake");
  EXPECT_NE(result.note.find("OpenBLAS 0.3.21 wins"), std::string::npos) << result.note;
}

TEST_F(TuneWithVendors, ATieIsOurs) {
  confirm(true);
  const auto [result, end] = run();
  EXPECT_EQ(stored_winner(), "cuda/fake");
  EXPECT_EQ(result.baselines.size(), 1U);
  EXPECT_EQ(result.best, result.best_own()->kernel);
}

TEST_F(TuneWithVendors, ItIsMeasuredBesideOursAndConfirmedHoweverSlow) {
  runner_.answer = [](std::int64_t number) { return timed(number == 77 ? 900.0 : 100.0 + 10 * static_cast<double>(number)); };
  confirm(true);
  options_.top = 6;
  const auto [result, end] = run();
  EXPECT_EQ(vendors_confirmed_, 1);
  EXPECT_EQ(runner_.tried.size(), 7U);
}

TEST_F(TuneWithVendors, AScreeningAloneNamesOurs) {
  const auto [result, end] = run();  // the confirmation gives nothing
  EXPECT_EQ(stored_winner(), "cuda/fake");
}

TEST_F(TuneLoop, KeepsFinishedOutcomesOnInterruptAndResumesWithoutRepeatingThem) {
  std::atomic<bool> interrupted{false};
  options_.interrupted = &interrupted;
  runner_.after_each = [&](int done) { interrupted = done >= 4; };
  const auto [partial, end] = run();
  EXPECT_EQ(end, TuneEnd::interrupted);
  EXPECT_EQ(partial.counts.verified, 4);

  interrupted = false;
  options_.resume = true;
  replay::ScriptedRunner second;
  runner_ = second;
  const auto [whole, end2] = run();
  EXPECT_EQ(end2, TuneEnd::finished);
  EXPECT_TRUE(whole.resumed);
  EXPECT_EQ(whole.counts.verified, 10);
  EXPECT_EQ(runner_.tried, (std::vector<std::int64_t>{4, 5, 6, 7, 8, 9}));
}

TEST_F(TuneLoop, WithoutResumeEverythingIsTriedAgain) {
  run();
  runner_ = {};
  run();
  EXPECT_EQ(runner_.tried.size(), 10U);
}

// A winner so far is program 7; later tunes look at fewer, or in another way.
class TuneAgain : public TuneLoop {
 protected:
  TuneAgain() {
    runner_.has_device = true;
    runner_.answer = [](std::int64_t number) { return timed(number == 7 ? 50.0 : 100.0 + static_cast<double>(number)); };
    run();
    EXPECT_EQ(winner(), replay::program(7));
    runner_.tried.clear();
  }
  TileProgram winner() {
    Store store((folder_ / "store.db").string());
    return TileProgram::parse(store.winner(op_.signature(), *store.find_hardware(describe(hardware_)))->kernel.program);
  }
};

TEST_F(TuneAgain, FewerCandidatesDoNotMakeTheWinnerSlower) {
  options_.top = 1;
  const auto [result, end] = run();
  EXPECT_EQ(runner_.tried, (std::vector<std::int64_t>{0, 7}));
  EXPECT_EQ(result.candidates.front().ranked.program, replay::program(7));
  EXPECT_EQ(winner(), replay::program(7));
}

TEST_F(TuneAgain, TheWinnerSoFarLosesToABetterOne) {
  options_.top = 1;
  runner_.answer = [](std::int64_t number) { return timed(number == 7 ? 50.0 : 30.0); };
  run();
  EXPECT_EQ(winner(), replay::program(0));
}

TEST_F(TuneAgain, OneThatNoLongerRunsGivesWay) {
  options_.top = 1;
  runner_.answer = [](std::int64_t number) { return number == 7 ? failed(OutcomeKind::crashed) : timed(100.0); };
  run();
  EXPECT_EQ(winner(), replay::program(0));
}

TEST_F(TuneAgain, ItIsNotMeasuredTwice) {
  run();
  EXPECT_EQ(runner_.tried.size(), 10U);
}

TEST_F(TuneAgain, DataForTheModelDecidesNothing) {
  options_.spread = true;
  options_.top = 2;
  const auto [result, end] = run();
  EXPECT_EQ(runner_.tried.size(), 2U);  // 0 and 15
  EXPECT_EQ(winner(), replay::program(7));
}

TEST_F(TuneAgain, PendingProgramsCompeteWithIt) {
  options_.programs = {replay::program(3)};
  options_.top = 1;
  run();
  EXPECT_EQ(runner_.tried, (std::vector<std::int64_t>{3, 7}));
  EXPECT_EQ(winner(), replay::program(7));
}

TEST_F(TuneLoop, AModelOnlyDevicePredictsAndCompilesNothing) {
  hardware_.model_only = true;
  const auto [result, end] = run();
  EXPECT_EQ(result.counts.compiled, 0);
  EXPECT_TRUE(runner_.tried.empty());
  EXPECT_EQ(result.candidates.size(), 10U);
  EXPECT_FALSE(result.best.empty());
}

TEST_F(TuneLoop, TriesOnlyThePendingProgramsItIsGiven) {
  run();  // offline: ten wait for a device
  Store store((folder_ / "store.db").string());
  const auto pending = store.pending(*store.find_hardware(describe(hardware_)));
  ASSERT_EQ(pending.size(), 10U);
  for (const auto& candidate : pending)
    options_.programs.push_back(TileProgram::parse(candidate.kernel.program));
  options_.top = 10;
  runner_ = {};
  runner_.has_device = true;
  runner_.answer = [](std::int64_t number) { return timed(20.0 + static_cast<double>(number)); };
  const auto measured = tune(op_, "", hardware_, replay::slices(0), runner_, store, options_, {});
  EXPECT_EQ(measured.result.counts.measured, 10);
  EXPECT_TRUE(measured.result.best_measured);
  EXPECT_TRUE(store.pending(*store.find_hardware(describe(hardware_))).empty());
}

TEST_F(TuneLoop, ABudgetEndsEarlyWithWhatItHas) {
  options_.budget_seconds = 1e-9;
  const auto [result, end] = run();
  EXPECT_EQ(end, TuneEnd::budget);
  EXPECT_LT(result.counts.verified, 10);
}

}  // namespace
}  // namespace perftune
