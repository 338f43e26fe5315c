// A store's measurements become rows; rows become text and come back; a store keeps its model fresh.
#include "tuner/training_set.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "costmodel/features.hpp"
#include "recipes/definition.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"
#include "recipes/operator_file.hpp"
#include "tests/tuner/replay.hpp"
#include "tuner/model_store.hpp"
#include "tuner/tune.hpp"

namespace perftune {
namespace {

class Training : public testing::Test {
 protected:
  Training() {
    folder_ = std::filesystem::temp_directory_path() /
              ("perftune_training_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    hardware_ = find_hardware("a100-sxm-80gb");  // complete: the store keeps it as text
    hardware_.name = hardware_.vendor_name = "fake-gpu";
    runner_.has_device = true;
    runner_.answer = [this](std::int64_t number) {
      ++measured_;
      return replay::timed(20 + static_cast<double>(number % 7) + 0.01 * static_cast<double>(measured_));
    };
  }
  ~Training() override { std::filesystem::remove_all(folder_); }

  static Operator op(int n) {
    return parse_operator_text("name: gemm\ndims: {m: 64, n: " + std::to_string(n) + R"yaml(, k: 64}
inputs: {A: "f32[m,k]", B: "f32[k,n]"}
outputs: {C: "f32[m,n]"}
compute: ["C[m,n] = sum[k](A[m,k] * B[k,n])"]
)yaml", "gemm.yaml").front().op;
  }

  void tune_operators(Store& store, int from, int to) {
    TuneOptions options;
    for (int n = from; n < to; ++n)
      tune(op(n), definition(op(n)), hardware_, slices_, runner_, store, options, {});
  }

  std::filesystem::path folder_;
  Hardware hardware_;
  Slices slices_ = replay::slices(30);
  replay::ScriptedRunner runner_;
  int measured_ = 0;
};

TEST_F(Training, OneRowPerCandidateByItsLatestTime) {
  Store store((folder_ / "a.db").string());
  tune_operators(store, 8, 10);
  tune_operators(store, 8, 10);  // the same again, a little slower
  const TrainingSet set = training_set(store, slices_);
  ASSERT_EQ(set.rows.size(), 20u);
  EXPECT_EQ(set.not_understood, 0u);
  EXPECT_EQ(set.rows.front().scope, "fake-gpu: contraction");
  EXPECT_NE(set.rows.front().group, set.rows.back().group);
  for (const TrainingRow& row : set.rows) EXPECT_GT(row.measured_us, 20.2) << "the second run's";
  EXPECT_EQ(set.rows.front().features.size(), feature_names().size());
}

TEST_F(Training, TextComesBack) {
  Store store((folder_ / "a.db").string());
  tune_operators(store, 8, 10);
  const TrainingSet set = training_set(store, slices_);
  const TrainingSet back = parse_training_csv(training_csv(set), "rows.csv");
  ASSERT_EQ(back.rows.size(), set.rows.size());
  for (std::size_t i = 0; i < back.rows.size(); ++i) {
    EXPECT_EQ(back.rows[i].features, set.rows[i].features);
    EXPECT_EQ(back.rows[i].measured_us, set.rows[i].measured_us);
    EXPECT_EQ(back.rows[i].scope, set.rows[i].scope);
    EXPECT_EQ(back.facts[i].limiter, set.facts[i].limiter);
  }
}

TEST_F(Training, TheStoresModelAppearsWithEnoughDataAndGrowsWithIt) {
  Store store((folder_ / "a.db").string());
  std::string why;
  tune_operators(store, 8, 13);
  EXPECT_FALSE(fresh_model(store, slices_, hardware_, 1, why).has_value()) << "50 rows are too few";
  EXPECT_EQ(why, "");
  tune_operators(store, 13, 19);
  const auto first = fresh_model(store, slices_, hardware_, 1, why);
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(first->knows("fake-gpu: contraction"));
  const auto same = fresh_model(store, slices_, hardware_, 1, why);
  EXPECT_EQ(same->data_hash(), first->data_hash());
  tune_operators(store, 19, 26);
  EXPECT_NE(fresh_model(store, slices_, hardware_, 1, why)->data_hash(), first->data_hash());
  Hardware other = hardware_;
  other.name = other.vendor_name = "another-gpu";
  EXPECT_FALSE(fresh_model(store, slices_, other, 1, why).has_value()) << "never seen";
}

TEST_F(Training, ADamagedModelIsReplacedWhereThereIsData) {
  Store store((folder_ / "a.db").string());
  tune_operators(store, 8, 13);
  const std::string text = "perftune-learned-model 3\nedited";
  store.put_model("learned", "{}", std::as_bytes(std::span(text.data(), text.size())));
  std::string why;
  EXPECT_FALSE(fresh_model(store, slices_, hardware_, 1, why).has_value());
  EXPECT_NE(why.find("train it again"), std::string::npos) << why;
  tune_operators(store, 13, 24);
  EXPECT_TRUE(fresh_model(store, slices_, hardware_, 1, why).has_value());
  EXPECT_EQ(why, "") << "nothing is refused any more";
}

TEST_F(Training, ATuneWithAModelMeasuresLessAndSaysSo) {
  Store store((folder_ / "a.db").string());
  runner_.answer = [](std::int64_t number) { return replay::timed(10 + static_cast<double>(number)); };
  tune_operators(store, 8, 20);
  std::string why;
  const auto model = fresh_model(store, slices_, hardware_, 1, why);
  ASSERT_TRUE(model.has_value());
  runner_.tried.clear();
  TuneOptions options;
  options.model = &*model;
  const TuneRun run = tune(op(99), definition(op(99)), hardware_, slices_, runner_, store, options, {});
  EXPECT_TRUE(run.result.learned);
  EXPECT_LT(runner_.tried.size(), 10u);
  EXPECT_EQ(runner_.tried.front(), 0);
  EXPECT_NE(run.result.note.find("learned part"), std::string::npos) << run.result.note;
  EXPECT_FALSE(run.result.best.empty());
}

}  // namespace
}  // namespace perftune
