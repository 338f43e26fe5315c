// `perftune model train|eval|show|rows|replay`: the learned part of the model.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/json_text.hpp"
#include "cli/model_render.hpp"
#include "cli/render.hpp"
#include "cli/wire.hpp"
#include "db/import.hpp"
#include "recipes/error.hpp"
#include "tuner/model_store.hpp"

namespace perftune {
namespace {

struct ModelOptions {
  std::string database;
  std::vector<std::string> from;
  std::string output;
  std::uint64_t seed = 1;
  bool json = false;
};

Store open_store(const std::string& path, StoreMode mode) {
  StoreOptions open;
  open.mode = mode;
  return Store(path, open);
}

std::string store_path(const ModelOptions& options, const Context& context) {
  return options.database.empty() ? context.database_default : options.database;
}

bool is_store(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string start(15, '\0');
  in.read(start.data(), 15);
  return start == "SQLite format 3";
}

TrainingSet rows_of(const std::string& path, const Slices& slices) {
  if (!std::filesystem::exists(path)) throw Error(ErrorKind::usage, path + ": no such file; expected a store or training rows");
  if (is_store(path)) {
    Store store = open_store(path, StoreMode::read_only);
    return training_set(store, slices);
  }
  const std::string text = read_maybe_gzip(path);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{')
    throw Error(ErrorKind::usage, path + ": a recorded space names no operator to predict, so there is nothing to "
                                         "correct; `perftune model replay` searches it");
  return parse_training_csv(text, path);
}

// --from, as often as given; else the store itself.
TrainingSet all_rows(const ModelOptions& options, const Context& context) {
  const Slices slices = make_slices();
  std::vector<std::string> from = options.from;
  if (from.empty()) from.push_back(store_path(options, context));
  TrainingSet set;
  for (const std::string& path : from) set.add(rows_of(path, slices));
  return set;
}

void train(const ModelOptions& options, Context& context) {
  const TrainingSet set = all_rows(options, context);
  std::string why;
  const auto trained = train_model(set, options.seed, why);
  if (!trained) throw Error(ErrorKind::usage, "model train: " + why + "; the white box goes on alone");
  Store store = open_store(store_path(options, context), StoreMode::create);
  save_model(store, *trained);
  const auto summary = nlohmann::json::parse(model_summary(*trained));
  if (options.json) return context.print(json_text(summary));
  if (set.not_understood > 0)
    context.say(fmt::format("perftune: {} measurements left out: this build cannot read or predict them", set.not_understood));
  context.print(fmt::format("kept in {}\n", store.path()) + model_text(summary, false));
}

std::optional<StoredModel> stored_model(Store& store) {
  std::string why;
  auto stored = load_model(store, why);
  if (!stored && !why.empty()) throw Error(ErrorKind::store, why + "; until then the white box goes on alone");
  return stored;
}

void show(const ModelOptions& options, Context& context) {
  Store store = open_store(store_path(options, context), StoreMode::read_only);
  const auto stored = stored_model(store);
  if (!stored) throw Error(ErrorKind::usage, store.path() + ": no model; `perftune model train` makes one from measurements");
  const auto summary = nlohmann::json::parse(stored->summary, nullptr, false);
  if (summary.is_discarded() || !summary.contains("importance"))
    throw Error(ErrorKind::store, store.path() + ": the model's summary is damaged; train it again");
  if (options.json) return context.print(json_text(summary));
  context.print(model_text(summary, true));
}

void eval(const ModelOptions& options, Context& context) {
  const TrainingSet set = all_rows(options, context);
  if (set.rows.empty()) throw Error(ErrorKind::usage, "model eval: no rows to judge by");
  Store store = open_store(store_path(options, context), StoreMode::read_only);
  const auto stored = stored_model(store);
  // The rows that it learnt from would flatter it: those are judged by networks that did not see them.
  std::string why;
  const auto again = train_model(set, options.seed, why);
  const bool own = stored && again && again->model.data_hash() == stored->model.data_hash();
  ModelQuality quality;
  std::size_t silent = 0;
  std::string how;
  if (own || !stored) {
    if (!again) throw Error(ErrorKind::usage, "model eval: " + why);
    quality = again->quality;
    how = own ? "its own training rows, each judged by networks that did not see its operator"
              : "no model in the store: each row judged by networks trained on the other operators";
  } else {
    std::vector<JudgedRow> judged;
    for (std::size_t i = 0; i < set.rows.size(); ++i) {
      const TrainingRow& row = set.rows[i];
      const bool sound = row.predicted_us > 0 && row.measured_us > 0 && std::isfinite(row.measured_us);
      if (!sound || row.features.size() != stored->model.feature_count() || !stored->model.knows(row.scope)) ++silent;
      else judged.push_back({i, stored->model.correct(row.features, row.scope)});
    }
    quality = judge(set, judged);
    how = "the stored model";
  }
  nlohmann::json out = quality_json(quality);
  out["schema"] = "perftune.model_eval/1";
  out["judged"] = how;
  out["silent_rows"] = silent;
  if (options.json) return context.print(json_text(out));
  context.print(fmt::format("judged: {}\n", how));
  if (silent > 0)
    context.print(fmt::format("{} of {} rows: the model is silent (a device or family that it has not seen, or no valid time)\n",
                              silent, set.rows.size()));
  context.print(quality_text(out));
}

void rows(const ModelOptions& options, Context& context) {
  const std::string text = training_csv(all_rows(options, context));
  if (options.output.empty()) return context.print(text);
  std::ofstream file(options.output, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw Error(ErrorKind::usage, options.output + ": cannot be written");
}

}  // namespace

void add_model(CLI::App& app, Context& context) {
  auto* model = app.add_subcommand("model", "The learned part: train it, judge it, show it, replay a search");
  model->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run, bool reads_rows) {
    auto options = std::make_shared<ModelOptions>();
    auto* command = model->add_subcommand(name, what);
    command->add_option("--db", options->database, "Store (default $PERFTUNE_DB)");
    if (reads_rows) {
      command->add_option("--from", options->from, "Stores, or CSV of `model rows`; default: the store");
      command->add_option("--seed", options->seed, "Of the training")->capture_default_str();
    }
    command->callback([options, run, &context] { run(*options, context); });
    return std::pair(command, options);
  };
  for (const auto& [command, options] : {add("train", "Learn from measurements; kept in the store", train, true),
                                         add("eval", "Errors on measurements that it has not learnt from", eval, true),
                                         add("show", "Errors, calibration and features by importance", show, false)})
    add_json_option(*command, options->json);
  const auto [command, options] = add("rows", "The training rows as CSV", rows, true);
  command->add_option("-o,--output", options->output, "File (default: stdout)");
  add_model_replay(*model, context);
}

}  // namespace perftune
