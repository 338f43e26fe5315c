#include "xgboost_search.hpp"

#ifdef PERFTUNE_XGBOOST
#include <xgboost/c_api.h>
#endif

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>

namespace perftune::bench {

#ifndef PERFTUNE_XGBOOST

bool have_xgboost() { return false; }
std::vector<double> xgboost_replay(const RecordedSpace&, int, std::uint64_t) { return {}; }

#else

namespace {

constexpr std::size_t kStart = 8;      // random evaluations before the first trees
constexpr int kTrees = 40;
constexpr double kRandomShare = 0.05;  // of later evaluations, as AutoTVM's epsilon-greedy

void check(int code) {
  if (code != 0) throw std::runtime_error(std::string("xgboost: ") + XGBGetLastError());
}

class Matrix {
 public:
  Matrix(const std::vector<float>& rows, std::size_t width) {
    check(XGDMatrixCreateFromMat(rows.data(), rows.size() / width, width, NAN, &handle_));
  }
  ~Matrix() { XGDMatrixFree(handle_); }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;
  DMatrixHandle handle() const { return handle_; }

 private:
  DMatrixHandle handle_ = nullptr;
};

// Predicted log(time) of every row of `all` by trees over what is known.
std::vector<float> predict(const std::vector<float>& known, const std::vector<float>& log_times, std::size_t width,
                           const Matrix& all, std::uint64_t seed) {
  const Matrix data(known, width);
  check(XGDMatrixSetFloatInfo(data.handle(), "label", log_times.data(), log_times.size()));
  const DMatrixHandle handle = data.handle();
  BoosterHandle booster = nullptr;
  check(XGBoosterCreate(&handle, 1, &booster));
  const std::pair<const char*, std::string> settings[] = {
      {"max_depth", "4"}, {"eta", "0.2"}, {"min_child_weight", "1"}, {"nthread", "1"}, {"verbosity", "0"},
      {"subsample", "0.9"}, {"base_score", "0"}, {"objective", "reg:squarederror"}, {"seed", std::to_string(seed)}};
  for (const auto& [name, value] : settings) check(XGBoosterSetParam(booster, name, value.c_str()));
  for (int tree = 0; tree < kTrees; ++tree) check(XGBoosterUpdateOneIter(booster, tree, handle));
  bst_ulong count = 0;
  const float* out = nullptr;
  check(XGBoosterPredict(booster, all.handle(), 0, 0, 0, &count, &out));
  std::vector<float> predicted(out, out + count);
  XGBoosterFree(booster);
  return predicted;
}

}  // namespace

bool have_xgboost() { return true; }

std::vector<double> xgboost_replay(const RecordedSpace& space, int budget, std::uint64_t seed) {
  const std::size_t count = space.times.size(), width = space.parameters.size();
  std::vector<float> rows(space.values.begin(), space.values.end());
  for (float& v : rows) v = v > 0 ? std::log2(v) : v;
  const Matrix all(rows, width);
  std::mt19937_64 random(seed);
  std::vector<bool> seen(count, false);
  std::vector<float> known, log_times;
  std::vector<double> found;
  double best = std::numeric_limits<double>::infinity(), slowest = 0;
  const auto unseen = [&] {
    std::size_t at = 0;
    do at = random() % count;
    while (seen[at]);
    return at;
  };
  while (found.size() < std::min(static_cast<std::size_t>(std::max(0, budget)), count)) {
    std::size_t next = unseen();
    const bool explore = static_cast<double>(random() >> 11U) / 9007199254740992.0 < kRandomShare;
    if (found.size() >= kStart && !explore) {
      std::vector<float> labels = log_times;
      const float mean = std::accumulate(labels.begin(), labels.end(), 0.0F) / static_cast<float>(labels.size());
      for (float& v : labels) v -= mean;
      const std::vector<float> predicted = predict(known, labels, width, all, seed);
      for (std::size_t i = 0; i < count; ++i)
        if (!seen[i] && predicted[i] < predicted[next]) next = i;
    }
    seen[next] = true;
    const double time = space.times[next];
    const bool valid = std::isfinite(time) && time > 0;
    if (valid) best = std::min(best, time), slowest = std::max(slowest, time);
    known.insert(known.end(), rows.begin() + static_cast<std::ptrdiff_t>(next * width),
                 rows.begin() + static_cast<std::ptrdiff_t>((next + 1) * width));
    log_times.push_back(static_cast<float>(std::log(valid ? time : std::max(slowest, 1e-9))));
    found.push_back(best);
  }
  return found;
}

#endif

}  // namespace perftune::bench
