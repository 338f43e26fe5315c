// Queries answer what was asked, and nothing that a user writes becomes SQL.
#include "db/query.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recipes/error.hpp"
#include "sample_store.hpp"

namespace perftune {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using View = QueryRequest::View;

constexpr std::int64_t taken = 1'700'000'000'000;  // of kernel 0, see sample_store.hpp

// Four operators (m = 512, 1024, 2048, 4096; the last f32), six kernels each on an A100; kernel 5
// crashes. Kernel i takes 10 + i us, its roofline is half of that.
class QueryTest : public ::testing::Test {
 protected:
  QueryTest() : store_(folder_ / "store.db") {
    const HardwareId a100 = store_.put_hardware(sample_hardware());
    const RunId run = store_.begin_run("tune", 0);
    for (const int m : {512, 1024, 2048, 4096}) {
      OperatorRecord op = sample_operator("mm" + std::to_string(m), m);
      if (m == 4096) op.dtype = "f32";
      const OperatorId id = store_.put_operator(op);
      for (int i = 0; i < 6; ++i) {
        MeasurementRecord row = sample_measurement(id, a100, i, 10.0 + i);
        row.kernel.target = i % 2 == 0 ? "cuda/simt" : "cuda/mma";
        row.roofline_us = 5;
        row.provenance.taken_at_ms = taken + m * 1000 + i;
        if (i == 5) {
          row.outcome.kind = OutcomeKind::crashed;
          row.outcome.timing.reset();
          row.outcome.detail = "signal 11";
        }
        store_.record(run, row);
      }
      store_.set_winner(run, id, a100, "cache=cold threads=1",
                        {.kernel = sample_kernel(0),
                         .toolchain = sample_toolchain(),
                         .basis = Basis::measured,
                         .measured_us = 10.5,
                         .decided_at_ms = taken + m * 1000});
    }
    store_.end_run(run, RunState::finished);
  }

  // The given column of the answer, as text.
  std::vector<std::string> ask(QueryRequest request, const std::string& column) {
    request.columns = {column};
    request.now_ms = taken + 5'000'000;
    std::vector<std::string> found;
    for (const auto& row : query(store_, request).rows) {
      found.push_back(std::visit(
          [](const auto& cell) -> std::string {
            using T = std::decay_t<decltype(cell)>;
            if constexpr (std::is_same_v<T, std::monostate>)
              return "null";
            else if constexpr (std::is_same_v<T, std::string>)
              return cell;
            else
              return std::to_string(cell);
          },
          row.at(0)));
    }
    return found;
  }
  std::vector<std::string> winners(const std::vector<std::string>& conditions) {
    return ask({.conditions = conditions}, "operator");
  }
  std::size_t history(const std::vector<std::string>& conditions) {
    return ask({.view = View::history, .conditions = conditions}, "kernel").size();
  }

  TemporaryFolder folder_;
  Store store_;
};

TEST_F(QueryTest, WinnersByOperatorDimensionTypeAndDevice) {
  EXPECT_THAT(winners({}), ElementsAre("mm1024", "mm2048", "mm4096", "mm512"));
  EXPECT_THAT(winners({"operator=mm1024"}), ElementsAre("mm1024"));
  EXPECT_THAT(winners({"operator=mm?0*"}), ElementsAre("mm1024", "mm2048", "mm4096"));
  EXPECT_THAT(winners({"operator!=mm1024", "m<=2048"}), ElementsAre("mm2048", "mm512"));
  EXPECT_THAT(winners({"m>=1024", "m<4096"}), ElementsAre("mm1024", "mm2048"));
  EXPECT_THAT(winners({"dtype=f32"}), ElementsAre("mm4096"));
  EXPECT_THAT(winners({"hardware=a100*"}), ::testing::SizeIs(4));
  EXPECT_THAT(winners({"hardware=h100*"}), IsEmpty());
  EXPECT_THAT(winners({"target=cuda/simt", "m=512"}), ElementsAre("mm512"));
  EXPECT_THAT(winners({"fraction>0.47", "fraction<0.48"}), ::testing::SizeIs(4));  // 5 / 10.5
  EXPECT_THAT(winners({"fraction>0.48"}), IsEmpty());
  EXPECT_THAT(winners({"basis=predicted"}), IsEmpty());
  EXPECT_THAT(winners({"n=512", "k=64", "n=513"}), IsEmpty());
}

TEST_F(QueryTest, ThePolicyIsShownWhereItTellsWinnersApart) {
  const auto names = [&](std::vector<std::string> conditions) {
    std::vector<std::string> out;
    const QueryResult result = query(store_, {.conditions = std::move(conditions)});
    for (const Column& column : result.columns) out.emplace_back(column.name);
    for (const auto& row : result.rows) EXPECT_EQ(row.size(), out.size());
    return out;
  };
  EXPECT_THAT(names({}), ::testing::Not(::testing::Contains("policy")));
  const RunId run = store_.begin_run("tune", 0);
  store_.set_winner(run, store_.find_operator(sample_operator("", 512).signature).value(), store_.put_hardware(sample_hardware()),
                    "cache=warm threads=1",
                    {.kernel = sample_kernel(1), .toolchain = sample_toolchain(), .basis = Basis::measured, .measured_us = 9});
  store_.end_run(run, RunState::finished);
  EXPECT_EQ(names({}).back(), "policy");
  EXPECT_EQ(names({"m=512"}).back(), "policy");
  EXPECT_THAT(names({"m>512"}), ::testing::Not(::testing::Contains("policy")));
  EXPECT_THAT(names({"policy=*warm*"}), ::testing::Not(::testing::Contains("policy")));
}

TEST_F(QueryTest, HistoryIsNewestFirstAndFiltered) {
  EXPECT_EQ(history({}), 24U);
  EXPECT_THAT(ask({.view = View::history, .limit = 2}, "operator"),
              ElementsAre("mm4096", "mm4096"));
  EXPECT_THAT(ask({.view = View::history, .limit = 2}, "status"), ElementsAre("crashed", "timed"));
  EXPECT_THAT(ask({.view = View::history, .limit = 2}, "measured_us"),
              ElementsAre("null", "14.000000"));
  EXPECT_EQ(history({"status=crashed"}), 4U);
  EXPECT_EQ(history({"status!=crashed"}), 20U);
  EXPECT_EQ(history({"status=crashed", "m>=2048"}), 2U);
  EXPECT_EQ(history({"target=cuda/mma"}), 12U);
  EXPECT_EQ(history({"kernel=" + sample_kernel(3).id, "operator=mm512"}), 1U);
  EXPECT_EQ(history({"fraction>=0.45"}), 8U);  // 5/10 and 5/11
  EXPECT_EQ(history({"fraction<0.4"}), 8U);    // 5/13 and 5/14
  EXPECT_EQ(history({"measured_us<=10"}), 4U);
  EXPECT_EQ(history({"age<905s"}), 6U);  // now is 5000 s after the first: only m = 4096
  EXPECT_EQ(history({"age>1h"}), 12U);   // 512 and 1024
  EXPECT_EQ(history({"registers=64", "compiler=nvrtc*"}), 24U);
}

TEST_F(QueryTest, EveryIndexGivesTheSameRows) {
  // The same question asked so that another index drives: operator, build, outcome, device.
  EXPECT_EQ(history({"operator=mm*"}), 24U);
  EXPECT_EQ(history({"kernel=0*"}), 24U);
  EXPECT_EQ(history({"hardware=*"}), 24U);
  EXPECT_EQ(history({"operator=mm*", "kernel=0*", "hardware=*", "status=timed", "fraction>0"}),
            20U);
}

TEST_F(QueryTest, TopListsTheFastestOfEachGroup) {
  EXPECT_THAT(ask({.view = View::top, .conditions = {"m<=1024"}, .per_group = 2}, "measured_us"),
              ElementsAre("10.000000", "11.000000", "10.000000", "11.000000"));
}

TEST_F(QueryTest, TopTakesTheConfirmedTimeWhereThereIsOne) {
  const RunId run = store_.begin_run("tune", 0);
  MeasurementRecord confirmed = sample_measurement(store_.find_operator(sample_operator("", 512).signature).value(),
                                                   store_.put_hardware(sample_hardware()), 0, 12.5);
  confirmed.phase = Phase::confirmation;
  store_.record(run, confirmed);
  store_.end_run(run, RunState::finished);
  EXPECT_THAT(ask({.view = View::top, .conditions = {"m=512"}, .per_group = 3}, "measured_us"),
              ElementsAre("11.000000", "12.000000", "12.500000"));  // screened at 10
}

TEST_F(QueryTest, TopListsWhatWaitsForItsDeviceByPrediction) {
  const RunId run = store_.begin_run("tune", 0);
  const OperatorId op = store_.find_operator(sample_operator("", 512).signature).value();
  const HardwareId h100 = store_.put_hardware(sample_hardware("h100-sxm"));
  for (const int i : {2, 0, 1}) {
    MeasurementRecord row = sample_measurement(op, h100, i, 10.0 + i);  // predicted 0.9 of it
    row.outcome = {};
    row.outcome.kind = OutcomeKind::pending;
    store_.record(run, row);
  }
  store_.set_winner(run, op, h100, "cache=cold threads=1",
                    {.kernel = sample_kernel(0), .toolchain = sample_toolchain(), .basis = Basis::predicted, .predicted_us = 9});
  store_.end_run(run, RunState::finished);
  const QueryRequest two{.view = View::top, .conditions = {"hardware=h100*"}, .per_group = 2};
  EXPECT_THAT(ask(two, "predicted_us"), ElementsAre("9.000000", "9.900000"));
  EXPECT_THAT(ask(two, "measured_us"), ElementsAre("null", "null"));
  EXPECT_THAT(ask(two, "status"), ElementsAre("pending", "pending"));
}

TEST_F(QueryTest, NearestShapesComeFirst) {
  const QueryResult near = query_near(store_, "matmul", {{"m", 1500}, {"n", 512}, {"k", 64}},
                                      {.columns = {"operator"}, .limit = 3});
  ASSERT_EQ(near.rows.size(), 3U);
  EXPECT_EQ(near.columns.at(0).name, "distance");
  EXPECT_EQ(std::get<std::string>(near.rows[0][1]), "mm2048");
  EXPECT_EQ(std::get<std::string>(near.rows[1][1]), "mm1024");
  EXPECT_NEAR(std::get<double>(near.rows[0][0]), 0.449, 0.001);  // log2(2048 / 1500)
  EXPECT_TRUE(near.more);
  EXPECT_THAT(query_near(store_, "softmax", {{"m", 1}}, {}).rows, IsEmpty());
}

TEST_F(QueryTest, EveryColumnWorksInEveryView) {
  for (const Column& column : query_columns()) {
    for (const View view : {View::winners, View::top, View::history}) {
      EXPECT_NO_THROW(ask({.view = view}, std::string(column.name))) << column.name;
      const std::string value = column.number ? "1" : "x";
      EXPECT_NO_THROW(
          query(store_, {.view = view, .conditions = {std::string(column.name) + "=" + value}}))
          << column.name;
    }
    EXPECT_FALSE(column.what.empty());
  }
}

TEST_F(QueryTest, LimitSaysThatThereIsMore) {
  EXPECT_TRUE(query(store_, {.limit = 3}).more);
  EXPECT_FALSE(query(store_, {.limit = 4}).more);
  EXPECT_EQ(query(store_, {.view = View::history, .limit = 0}).rows.size(), 24U);
}

TEST_F(QueryTest, WrongConditionsSayWhatIsWrong) {
  const auto message = [&](const std::string& condition) -> std::string {
    try {
      query(store_, {.conditions = {condition}});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message("frobnicate=3"), HasSubstr("neither a column nor a dimension"));
  EXPECT_THAT(message("m>=lots"), HasSubstr("not a number"));
  EXPECT_THAT(message("age<soon"), HasSubstr("not a duration"));
  EXPECT_THAT(message("age=3d"), HasSubstr("age<7d"));
  EXPECT_THAT(message("fast"), HasSubstr("not a condition"));
  EXPECT_THAT(message("=3"), HasSubstr("not a condition"));
  EXPECT_THAT(message("operator>x"), HasSubstr("= or !="));
  EXPECT_THROW(query(store_, {.columns = {"nonsense"}}), Error);
}

TEST_F(QueryTest, SqlInAConditionIsAValue) {
  EXPECT_THAT(winners({"operator=x' OR '1'='1"}), IsEmpty());
  EXPECT_THAT(winners({"hardware='; DROP TABLE winners; --"}), IsEmpty());
  EXPECT_THROW(winners({"m; DROP TABLE winners=1"}), Error);
  EXPECT_THAT(winners({}), ::testing::SizeIs(4));
}

TEST(QueryEmptyTest, AnEmptyStoreGivesNoRows) {
  TemporaryFolder folder;
  Store store(folder / "store.db");
  for (const View view : {View::winners, View::top, View::history}) {
    EXPECT_THAT(query(store, {.view = view}).rows, IsEmpty());
  }
}

TEST_F(QueryTest, RareMeasurementsLeadToTheirWinners) {
  EXPECT_THAT(ask({.conditions = {"spread<0.001"}}, "operator"), IsEmpty());
  EXPECT_EQ(ask({.conditions = {"spread<0.1", "verified_by=device"}}, "operator").size(), 4U);
  EXPECT_THAT(ask({.conditions = {"limiter=dram", "m=512"}}, "operator"), ElementsAre("mm512"));
}

// Each condition that an index may drive, alone and with one that another index would.
TEST_F(QueryTest, EveryIndexFindsWhatAScanWould) {
  const std::pair<const char*, std::size_t> all[] = {
      {"measured_us>12", 8},     {"measured_us!=10", 16},  {"predicted_us<10", 8},   {"spread<=0.01", 20},
      {"spread>1", 0},           {"fraction>0.4", 12},     {"fraction<0.4", 8},      {"limiter=dram", 24},
      {"limiter!=dram", 0},      {"limiter=d*", 24},       {"verified_by=device", 24}, {"phase=confirmation", 0},
      {"phase=screening", 24},   {"status=crashed", 4},    {"status!=crashed", 20},  {"policy=*cold*", 24},
      {"policy=none", 0},        {"driver=550.54", 24},    {"host!=host", 0},        {"command=tune", 24},
      {"dims=*m=512 *", 6},      {"samples>2", 20},        {"clock_mhz<1", 0},
      {"predicted_low_us<8", 8}, {"roofline_us=5", 24},    {"tflops>1e6", 0},        {"tflops<1e6", 20}};
  for (const auto& [condition, rows] : all) {
    const QueryRequest alone{.view = View::history, .conditions = {condition}, .limit = 0};
    EXPECT_EQ(ask(alone, "kernel").size(), rows) << condition;
    const QueryRequest both{.view = View::history, .conditions = {condition, "dtype=f32"}, .limit = 0};
    EXPECT_EQ(ask(both, "kernel").size(), std::string_view(condition).starts_with("dims") ? 0 : rows / 4) << condition;
  }
}

}  // namespace
}  // namespace perftune
