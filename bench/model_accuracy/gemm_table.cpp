#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>

#include "costmodel/library_model.hpp"
#include "metrics.hpp"
#include "tables.hpp"

namespace perftune::bench {
namespace {

double peak_flops_per_us(const GemmSet& set) {
  const double tensor = set.hardware.peak_tflops(set.type, Pipe::tensor);
  const bool f32 = set.type == DType::f32;
  return 1e6 * (f32 || tensor <= 0 ? set.hardware.peak_tflops(DType::f32, Pipe::scalar) : tensor);
}

// max(flops / (share x peak), bytes / (share x bandwidth)) + constant
double line_us(const GemmSet& set, const GemmRow& row, double peak_share, double bandwidth_share, double constant) {
  const ContractionWork w = work_of(set, row);
  const double bytes = w.a.unique_bytes + w.b.unique_bytes + w.c.unique_bytes;
  return std::max(2 * row.batch * row.m * row.n * row.k / (peak_share * peak_flops_per_us(set)),
                  bytes / (bandwidth_share * set.hardware.dram_gbps * 1e3)) + constant;
}

double wanted_percent(const GemmSet& set) {
  if (set.type == DType::f32) return 12;
  return set.name.find("h100") != std::string::npos ? 5.5 : set.name.find("a100") != std::string::npos ? 6.5 : 10;
}

std::vector<double> predict_range(const GemmSet& set, const GpuParameters& parameters, std::size_t from,
                                  std::size_t to) {
  std::vector<double> out;
  const std::vector<PipelineProgram> programs = library_programs(work_of(set, set.rows.front()), set.hardware);
  for (std::size_t i = from; i < to; ++i)
    out.push_back(library_time(work_of(set, set.rows[i]), programs, set.hardware, set.context, parameters).time.total_us);
  return out;
}

}  // namespace

std::vector<double> predict(const GemmSet& set, const GpuParameters& parameters) {
  const std::size_t half = set.rows.size() / 2;
  auto first = std::async(std::launch::async, [&] { return predict_range(set, parameters, 0, half); });
  std::vector<double> rest = predict_range(set, parameters, half, set.rows.size());
  std::vector<double> out = first.get();
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

std::string gemm_table(const std::vector<GemmSet>& sets, Goals& goals) {
  std::string text = heading();
  for (const GemmSet& set : sets) {
    std::vector<double> measured, roofline, line_fit;
    for (const GemmRow& row : set.rows) {
      measured.push_back(row.measured_us);
      roofline.push_back(line_us(set, row, 1, 1, 0));
      line_fit.push_back(line_us(set, row, 0.75, 0.8, 3));
    }
    const auto start = std::chrono::steady_clock::now();
    const std::vector<double> predicted = predict(set, {});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const Accuracy ours = accuracy(predicted, measured);
    goals.push_back({set.name + ", white box, mean error", 100 * ours.mape, wanted_percent(set)});
    if (set.rows.size() > 30000)
      goals.push_back({set.name + ", prediction of 36,000 shapes", seconds.count() * 36000 / static_cast<double>(set.rows.size()),
                       30, "s"});
    text += line(set.name + ": white box", ours);
    text += line("  naive roofline", accuracy(roofline, measured));
    text += line("  max(flops/0.75, bytes/0.8) + 3 us", accuracy(line_fit, measured));
    text += fmt::format("  noise between two campaigns: about 4 %; predicted in {:.2f} s on two threads\n", seconds.count());
  }
  return text;
}

}  // namespace perftune::bench
