// `perftune bench FILE...`: winners of the store against the vendor libraries of this machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/bench_winner.hpp"
#include "cli/commands.hpp"
#include "cli/hardware_choice.hpp"
#include "cli/json_text.hpp"
#include "cli/kernel_choice.hpp"
#include "cli/present_gpu.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "cli/trials.hpp"
#include "cli/wire.hpp"
#include "db/store.hpp"
#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/rank.hpp"

namespace perftune {
namespace {

using nlohmann::json;

struct BenchOptions {
  std::vector<std::string> files;
  std::string database;
  HardwareChoice hardware;
  bool json = false;
};

struct Row {
  std::string name, signature, program, basis, note;
  Dims dims;
  Benched benched;
};

// The best of our own in the store, else the best prediction; an empty program: no family takes the operator whole.
std::pair<TileProgram, std::string> choose(const Operator& op, const Hardware& hardware, const Slices& slices,
                                           const std::string& path) {
  if (std::filesystem::exists(path)) {
    StoreOptions open;
    open.mode = StoreMode::read_only;
    Store store(path, open);
    if (const auto id = store.find_hardware(describe(hardware)))
      if (const auto winner = own_winner(store, op.signature(), *id)) return {winner->program, std::string(name(winner->basis))};
  }
  const Ranking ranking = rank(op, hardware, slices, 1);
  if (ranking.candidates.empty()) return {};
  return {ranking.candidates.front().program, "untuned"};
}

json row_json(const Row& row, const Hardware& hardware) {
  json document = {{"operator", row.name},       {"signature", row.signature}, {"dims", row.dims},
                   {"hardware", hardware.name},  {"program", row.program},     {"basis", row.basis},
                   {"baselines", json::array()}, {"missing", row.benched.missing}, {"us", nullptr},
                   {"failure", nullptr}};
  if (row.benched.us > 0) document["us"] = row.benched.us;
  if (!row.note.empty()) document["failure"] = row.note;
  for (const Benched::Baseline& b : row.benched.baselines)
    document["baselines"].push_back({{"name", b.name}, {"detail", b.detail}, {"us", b.us}, {"ratio", b.comparison.ratio},
                                     {"ratio_low", b.comparison.low}, {"ratio_high", b.comparison.high},
                                     {"verdict", name(b.comparison.verdict)}});
  return document;
}

// Of the fastest library per operator; 0 without any.
double geometric_mean(const std::vector<Row>& rows) {
  double logs = 0;
  int count = 0;
  for (const Row& row : rows) {
    if (row.benched.baselines.empty()) continue;
    logs += std::log(row.benched.fastest()->comparison.ratio);
    ++count;
  }
  return count == 0 ? 0 : std::exp(logs / count);
}

std::string table(const std::vector<Row>& rows) {
  TextTable text({"operator", "shape", ">ours", "library", ">its time", ">ratio", ">95 %", "verdict"});
  for (const Row& row : rows) {
    if (row.benched.baselines.empty())
      text.add({row.name, dims_text(row.dims), row.benched.us > 0 ? format_time(row.benched.us) : "-", "-", "-",
                "-", "-", row.note.empty() ? "no library" : row.note});
    for (const Benched::Baseline& b : row.benched.baselines)
      text.add({row.name, dims_text(row.dims), format_time(row.benched.us), b.name, format_time(b.us),
                fmt::format("{:.3f}", b.comparison.ratio),
                fmt::format("{:.3f}-{:.3f}", b.comparison.low, b.comparison.high),
                std::string(name(b.comparison.verdict)) + (row.basis == "measured" ? "" : " (" + row.basis + ")")});
  }
  return text.text();
}

void bench(const BenchOptions& options, Context& context) {
  std::vector<OperatorPoint> points;
  for (const auto& file : options.files)
    for (auto& point : read_operator_file(file)) points.push_back(std::move(point));
  const Hardware hardware = options.hardware.resolve(context);
  const BenchSetup setup = bench_setup(hardware, options.hardware.threads, context);
  const Slices slices = make_slices();
  std::vector<Row> rows;
  for (const OperatorPoint& point : points) {
    const auto [program, basis] =
        choose(point.op, hardware, slices, options.database.empty() ? context.database_default : options.database);
    Row row{point.op.name, point.op.signature(), "", basis, "", point.op.base_dims(), {}};
    if (basis.empty()) {
      row.note = "no family takes it whole";
    } else {
      row.program = program.text();
      row.benched = bench_winner(setup, point.op, program, row.note);
    }
    rows.push_back(std::move(row));
    if (!options.json)
      for (const std::string& why : rows.back().benched.missing) context.say("perftune: " + rows.back().name + ": " + why);
  }
  const double mean = geometric_mean(rows);
  if (options.json) {
    json list = json::array();
    for (const Row& row : rows) list.push_back(row_json(row, hardware));
    json document = {{"schema", "perftune.bench/1"}, {"results", list}, {"geometric_mean", nullptr}};
    if (mean > 0) document["geometric_mean"] = mean;
    context.print(json_text(document));
  } else {
    context.print(table(rows));
    if (mean > 0)
      context.print(fmt::format("ratio: the library's time over ours; geometric mean over the fastest library {:.3f}\n",
                                mean));
  }
}

}  // namespace

void add_bench(CLI::App& app, Context& context) {
  auto options = std::make_shared<BenchOptions>();
  auto* command = app.add_subcommand("bench", "Winners against vendor libraries, with a verdict");
  command->add_option("files", options->files, "Operator or suite files")->required();
  options->hardware.add_options(*command);
  command->add_option("--db", options->database, "Store (default $PERFTUNE_DB)");
  add_json_option(*command, options->json);
  command->callback([options, &context] { bench(*options, context); });
}

}  // namespace perftune
