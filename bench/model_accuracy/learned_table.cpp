#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

#include "costmodel/contraction_gpu.hpp"
#include "costmodel/features.hpp"
#include "costmodel/learned_model.hpp"
#include "costmodel/library_model.hpp"
#include "metrics.hpp"
#include "recipes/operator_file.hpp"
#include "tables.hpp"

namespace perftune::bench {
namespace {

constexpr std::size_t kRows = 10000;

std::vector<TrainingRow> rows_of(const GemmSet& set, int set_number) {
  const Operator base = parse_operator_text(
      "name: gemm\ndims: {m: 16, n: 16, k: 16}\ninputs: {A: \"bf16[m,k]\", B: \"bf16[n,k]\"}\n"
      "outputs: {C: \"bf16[m,n]\"}\ncompute: [\"C[m,n] = sum[k](A[m,k] * B[n,k])\"]\n", "gemm").front().op;
  const std::vector<PipelineProgram> programs = library_programs(work_of(set, set.rows.front()), set.hardware);
  std::vector<GemmRow> order = set.rows;
  std::mt19937_64 random(11);
  std::shuffle(order.begin(), order.end(), random);
  order.resize(std::min(order.size(), kRows));
  std::vector<TrainingRow> out;
  for (const GemmRow& row : order) {
    const LibraryTime best = library_time(work_of(set, row), programs, set.hardware, set.context, {});
    const Operator op = base.rebind({{"m", static_cast<std::int64_t>(row.m)}, {"n", static_cast<std::int64_t>(row.n)},
                                     {"k", static_cast<std::int64_t>(row.k)}});
    const Resources resources{best.program.registers, best.program.shared_bytes, 0, 0, {}};
    TrainingRow t;
    t.features = features(op, set.hardware, best.program.tiles.to_program("cuda/mma"), resources,
                          to_prediction(best.time, 0));
    t.predicted_us = best.time.total_us;
    t.measured_us = row.measured_us;
    // One weight matrix is one group: held-out folds hold shapes that were never seen.
    t.group = set_number * 100000 + static_cast<int>(row.n * 131 + row.k) % 99991;
    out.push_back(std::move(t));
  }
  return out;
}

std::string judge(const std::string& name, const LearnedModel& model, const std::vector<TrainingRow>& rows) {
  std::vector<double> before, after, measured;
  std::size_t inside = 0;
  for (const TrainingRow& row : rows) {
    const Correction c = model.correct(row.features);
    before.push_back(row.predicted_us);
    after.push_back(row.predicted_us * std::exp(c.log_factor));
    measured.push_back(row.measured_us);
    inside += std::abs(std::log(row.measured_us / after.back())) <= 1.645 * c.sigma;
  }
  return line(name + ": white box", accuracy(before, measured)) + line("  with the learned part", accuracy(after, measured)) +
         fmt::format("  90 % interval covers {:.1f} %\n", 100.0 * static_cast<double>(inside) / static_cast<double>(rows.size()));
}

}  // namespace

std::string learned_table(const std::vector<GemmSet>& sets, Goals& goals) {
  std::vector<std::vector<TrainingRow>> all;
  for (std::size_t i = 0; i < sets.size(); ++i) all.push_back(rows_of(sets[i], static_cast<int>(i)));
  std::string text = "split by weight shape (n, k), two thirds to train\n" + heading();
  for (std::size_t i = 0; i < sets.size(); ++i) {
    std::vector<TrainingRow> train, test;
    for (const TrainingRow& row : all[i]) (row.group % 3 == 0 ? test : train).push_back(row);
    const auto start = std::chrono::steady_clock::now();
    const auto model = LearnedModel::train(train);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (model) text += judge(sets[i].name, *model, test) + fmt::format("  trained on {} rows in {:.2f} s\n", train.size(), seconds.count());
  }
  const auto start = std::chrono::steady_clock::now();
  if (const auto model = LearnedModel::train(all.front())) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    goals.push_back({fmt::format("training on {} rows", all.front().size()), seconds.count(), 5, "s"});
  }
  text += "\none GPU left out of training\n" + heading();
  for (std::size_t i = 0; i < sets.size(); ++i) {
    std::vector<TrainingRow> train;
    for (std::size_t j = 0; j < sets.size(); ++j)
      if (j != i) train.insert(train.end(), all[j].begin(), all[j].begin() + static_cast<std::ptrdiff_t>(std::min(all[j].size(), kRows / 2)));
    if (const auto model = LearnedModel::train(train)) text += judge(sets[i].name, *model, all[i]);
  }
  return text;
}

}  // namespace perftune::bench
