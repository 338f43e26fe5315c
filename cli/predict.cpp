// `perftune predict FILE [--shapes CSV] [--library]`: the model only, no compiler, no device.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/commands.hpp"
#include "cli/hardware_choice.hpp"
#include "cli/json_text.hpp"
#include "cli/operator_points.hpp"
#include "cli/render.hpp"
#include "cli/shapes_csv.hpp"
#include "cli/text_table.hpp"
#include "cli/wire.hpp"
#include "costmodel/library_model.hpp"
#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/kernel_plan.hpp"

namespace perftune {
namespace {

struct PredictOptions {
  std::string file;
  std::vector<std::string> dims;  // of a model
  std::string shapes;
  bool library = false;
  bool json = false;
  HardwareChoice hardware;
};

struct Row {
  double us = 0, low_us = 0, high_us = 0;
  std::string limiter;
  std::string program;
};

Row predict_row(const Operator& op, const Hardware& hardware, const Slices& slices, bool library) {
  if (library) {
    const LibraryPrediction p = predict_library(op, hardware);
    return {p.prediction.us, p.prediction.low_us, p.prediction.high_us, p.prediction.limiter, p.program};
  }
  const KernelPlan plan = plan_kernels(op, hardware, slices);
  if (plan.parts.empty()) throw Error(ErrorKind::no_candidate, op.name + ": " + plan.why_not);
  Row row;
  double longest = 0;
  for (const KernelPlan::Part& part : plan.parts) {
    const Ranked& best = part.ranking.candidates.front();
    row.us += best.prediction.us, row.low_us += best.prediction.low_us;
    row.high_us += best.prediction.high_us;
    if (best.prediction.us > longest) row.limiter = best.prediction.limiter;
    longest = std::max(longest, best.prediction.us);
    row.program += (row.program.empty() ? "" : "; ") + best.program.text();
  }
  return row;
}

// Rows are independent: one thread per core takes them in turn. The first failure wins.
template <class Work>
void in_parallel(std::size_t count, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex guard;
  const auto loop = [&] {
    for (std::size_t i = next++; i < count; i = next++) try {
        work(i);
      } catch (...) {
        const std::scoped_lock lock(guard);
        if (!failure) failure = std::current_exception();
        next = count;
      }
  };
  std::vector<std::jthread> threads;
  for (unsigned t = 1; t < std::max(1U, std::thread::hardware_concurrency()); ++t)
    threads.emplace_back(loop);
  loop();
  threads.clear();
  if (failure) std::rethrow_exception(failure);
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

// `points` are of one operator.
void predict_shapes(const PredictOptions& options, const std::vector<OperatorPoint>& points,
                    const Hardware& hardware, const Slices& slices, Context& context) {
  std::ifstream in(options.shapes);
  if (!in) throw Error(ErrorKind::usage, options.shapes + ": cannot be read");
  const OperatorPoint& point = points.front();
  const Dims base = point.op.base_dims();
  const ShapesTable table = read_shapes_csv(in, options.shapes, base);
  for (const std::string& dim : table.missing)
    if (std::ranges::any_of(points, [&](const OperatorPoint& p) { return p.op.base_dims().at(dim) != base.at(dim); }))
      throw Error(ErrorKind::usage, fmt::format("{}: no column '{}', of which {} has several", options.shapes, dim, options.file));
  for (const std::string& dim : table.missing)
    context.say(fmt::format("perftune: {}: no column '{}': every row takes {} from {}", options.shapes, dim, base.at(dim), options.file));
  std::vector<Row> rows(table.rows.size());
  in_parallel(rows.size(), [&](std::size_t i) {
    const Operator op = point.op.rebind(table.dims(i, base, options.shapes));
    rows[i] = predict_row(op, hardware, slices, options.library);
  });
  if (options.json) {
    nlohmann::json list = nlohmann::json::array();
    for (std::size_t i = 0; i < rows.size(); ++i)
      list.push_back({{"dims", table.dims(i, base, options.shapes)},
                      {"predicted_us", rows[i].us},
                      {"limiter", rows[i].limiter},
                      {"program", rows[i].program}});
    context.print(json_text(nlohmann::json{{"schema", "perftune.predict/1"},
                                 {"hardware", hardware.name},
                                 {"library", options.library},
                                 {"results", list}}));
    return;
  }
  const auto joined = [](const std::vector<std::string>& cells) {
    std::string out;
    for (const std::string& cell : cells) out += (&cell == cells.data() ? "" : ",") + csv_cell(cell);
    return out;
  };
  context.print(joined(table.columns) + ",predicted_us,limiter,program\n");
  for (std::size_t i = 0; i < rows.size(); ++i)
    context.print(fmt::format("{},{:.4f},{},{}\n", joined(table.rows[i]), rows[i].us,
                              csv_cell(rows[i].limiter), csv_cell(rows[i].program)));
}

void predict_points(const PredictOptions& options, const std::vector<OperatorPoint>& points,
                    const Hardware& hardware, const Slices& slices, Context& context) {
  std::vector<Row> rows(points.size());
  in_parallel(points.size(), [&](std::size_t i) {
    rows[i] = predict_row(points[i].op, hardware, slices, options.library);
  });
  double total = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) total += rows[i].us * points[i].weight;
  if (options.json) {
    nlohmann::json list = nlohmann::json::array();
    for (std::size_t i = 0; i < rows.size(); ++i)
      list.push_back({{"operator", points[i].op.name},
                      {"signature", points[i].op.signature()},
                      {"dims", points[i].op.base_dims()},
                      {"weight", points[i].weight},
                      {"predicted_us", rows[i].us},
                      {"predicted_low_us", rows[i].low_us},
                      {"predicted_high_us", rows[i].high_us},
                      {"limiter", rows[i].limiter},
                      {"program", rows[i].program}});
    context.print(json_text(nlohmann::json{{"schema", "perftune.predict/1"},
                                 {"hardware", hardware.name},
                                 {"library", options.library},
                                 {"results", list},
                                 {"weighted_total_us", total}}));
    return;
  }
  context.print(fmt::format("{} on {}, predicted, not measured\n",
                            options.library ? "a vendor library" : "best constructed program",
                            hardware.vendor_name));
  TextTable table({"operator", "shape", ">calls", ">predicted", ">90 % interval", "limiter", "program"});
  for (std::size_t i = 0; i < rows.size(); ++i)
    table.add({points[i].op.name, dims_text(points[i].op.base_dims()),
               fmt::format("{:g}", points[i].weight), format_time(rows[i].us),
               fmt::format("{} .. {}", format_time(rows[i].low_us), format_time(rows[i].high_us)),
               rows[i].limiter, rows[i].program});
  context.print(table.text());
  if (rows.size() > 1)
    context.print(fmt::format("weighted total {}\n", format_time(total)));
}

void predict(const PredictOptions& options, Context& context) {
  const Hardware hardware = options.hardware.resolve(context);
  const Slices slices = make_slices();
  const auto points = read_points(options.file, options.dims, hardware, slices, context);
  if (options.shapes.empty()) return predict_points(options, points, hardware, slices, context);
  const auto is_first = [&](const OperatorPoint& p) {
    return p.op.name == points.front().op.name && p.op.structure() == points.front().op.structure();
  };
  if (!std::ranges::all_of(points, is_first))
    throw Error(ErrorKind::usage, options.file + ": --shapes takes a file with one operator");
  predict_shapes(options, points, hardware, slices, context);
}

}  // namespace

void add_predict(CLI::App& app, Context& context) {
  auto options = std::make_shared<PredictOptions>();
  auto* command = app.add_subcommand("predict", "Model only: no compiler, no device");
  command->add_option("file", options->file, "Operator or suite file, ONNX model")->required();
  add_dim_option(*command, options->dims);
  command->add_option("--shapes", options->shapes,
                      "CSV with dimension columns; copied with predicted_us,limiter,program appended");
  command->add_flag("--library", options->library, "What a vendor library takes");
  add_json_option(*command, options->json);
  options->hardware.add_options(*command);
  command->callback([options, &context] { predict(*options, context); });
}

}  // namespace perftune
