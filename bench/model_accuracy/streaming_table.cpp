#include <map>

#include "costmodel/streaming_model.hpp"
#include "metrics.hpp"
#include "tables.hpp"

namespace perftune::bench {
namespace {

StreamingWork work_of(const StreamRow& row) {
  if (row.op == "softmax") return softmax_work(row.rows, row.columns);
  if (row.op == "ln") return layer_norm_work(row.rows, row.columns);
  // Two tensors in for the binary ones; a trailing u marks a scalar operand.
  const bool binary = row.op == "add" || row.op == "mul" || row.op == "div" || row.op == "pow";
  return elementwise_work(row.rows * row.columns, binary ? 2 : 1);
}

}  // namespace

std::string streaming_table(const std::vector<StreamSet>& sets, Goals& goals) {
  std::string text = heading();
  for (const StreamSet& set : sets) {
    struct Columns {
      std::vector<double> predicted, roofline, line, measured;
    };
    std::map<std::string, Columns> by_kind;
    for (const StreamRow& row : set.rows) {
      const std::string kind = row.op == "softmax" ? "softmax" : row.op == "ln" ? "layer norm" : "elementwise";
      Columns& c = by_kind[kind];
      c.predicted.push_back(streaming_time(work_of(row), set.hardware, set.context, {}).total_us);
      // Every element crosses memory once each way; two operands of the binary ones are read.
      const bool binary = row.op == "add" || row.op == "mul" || row.op == "div" || row.op == "pow";
      const double us = row.rows * row.columns * 4 * (binary ? 3 : 2) / (set.hardware.dram_gbps * 1e3);
      c.roofline.push_back(us);
      c.line.push_back(us / 0.8 + 3);
      c.measured.push_back(row.measured_us);
    }
    for (const auto& [kind, c] : by_kind) {
      const Accuracy ours = accuracy(c.predicted, c.measured);
      goals.push_back({"fp32 " + kind + " " + set.name + ", white box, mean error", 100 * ours.mape, 12});
      text += line("fp32 " + kind + " " + set.name + ": white box", ours);
      text += line("  naive roofline", accuracy(c.roofline, c.measured));
      text += line("  bytes/0.8 + 3 us", accuracy(c.line, c.measured));
    }
  }
  return text;
}

}  // namespace perftune::bench
