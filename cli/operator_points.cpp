#include "cli/operator_points.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "models/model_operators.hpp"
#include "models/onnx_file.hpp"
#include "recipes/error.hpp"
#include "tuner/rank.hpp"

namespace perftune {
namespace {

double predicted_dense(std::int64_t rows, std::int64_t depth, std::int64_t columns, const Hardware& hardware, const Slices& slices) {
  const auto op = parse_operator_text(fmt::format("name: dense\n"
                                                  "dims: {{m: {}, n: {}, k: {}}}\n"
                                                  "inputs: {{A: \"f32[m,k]\", B: \"f32[k,n]\", bias: \"f32[n]\"}}\n"
                                                  "outputs: {{C: \"f32[m,n]\"}}\n"
                                                  "compute: [\"C[m,n] = sum[k](A[m,k] * B[k,n]) + bias[n]\"]\n",
                                                  rows, columns, depth), "dense").front().op;
  const Ranking ranking = rank(op, hardware, slices, 8);
  return ranking.candidates.empty() ? 1e30 : ranking.candidates.front().prediction.us;
}

}  // namespace

void add_dim_option(CLI::App& command, std::vector<std::string>& dims) {
  command.add_option("--dim", dims, "Of an ONNX model: NAME=N for a dimension or a scalar input, INPUT=N,N,... for a shape");
}

CombinePays combine_by_prediction(const Hardware& hardware, const Slices& slices) {
  return [&hardware, &slices](const Shape& input, const std::vector<std::int64_t>& widths) {
    const std::int64_t depth = input.back(), rows = elements_of(input) / depth;
    double apart = 0;
    std::int64_t all = 0;
    for (const std::int64_t width : widths) {
      apart += predicted_dense(rows, depth, width, hardware, slices);
      all += width;
    }
    return predicted_dense(rows, depth, all, hardware, slices) < apart;
  };
}

std::vector<OperatorPoint> read_points(const std::string& file, const std::vector<std::string>& dims,
                                       const Hardware& hardware, const Slices& slices, const Context& context) {
  if (!is_onnx_path(file)) {
    if (!dims.empty()) throw Error(ErrorKind::usage, file + ": --dim is for ONNX models; an operator file has its own dims");
    return read_operator_file(file);
  }
  const LoweredGraph lowered = load_model(file, parse_extents(dims), combine_by_prediction(hardware, slices));
  context.say("perftune: " + text(report_of(lowered), file));
  auto points = model_operators(lowered);
  if (points.empty()) throw Error(ErrorKind::no_candidate, file + ": no node of it needs a kernel");
  return points;
}

}  // namespace perftune
