#include <map>

#include "costmodel/streaming_model.hpp"
#include "metrics.hpp"
#include "tables.hpp"

namespace perftune::bench {
namespace {

StreamingWork work_of(const StreamRow& row, const Hardware& hardware) {
  if (row.op == "softmax") return softmax_work(row.rows, row.columns, hardware);
  if (row.op == "ln") return layer_norm_work(row.rows, row.columns, hardware);
  // Two tensors in for the binary ones; a trailing u marks a scalar operand.
  const bool binary = row.op == "add" || row.op == "mul" || row.op == "div" || row.op == "pow";
  return elementwise_work(row.rows * row.columns, binary ? 2 : 1);
}

}  // namespace

std::string streaming_table(const std::vector<StreamSet>& sets) {
  std::string text = heading();
  for (const StreamSet& set : sets) {
    std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> by_kind;
    for (const StreamRow& row : set.rows) {
      const std::string kind = row.op == "softmax" ? "softmax" : row.op == "ln" ? "layer norm" : "elementwise";
      auto& [predicted, measured] = by_kind[kind];
      predicted.push_back(streaming_time(work_of(row, set.hardware), set.hardware, {}, {}).total_us);
      measured.push_back(row.measured_us);
    }
    for (const auto& [kind, both] : by_kind)
      text += line("fp32 " + kind + " " + set.name, accuracy(both.first, both.second));
  }
  return text;
}

}  // namespace perftune::bench
