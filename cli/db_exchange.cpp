// `perftune db merge|import|export|prune`: rows into a store, out of it, and away.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/json_text.hpp"
#include "cli/query_render.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "db/import.hpp"
#include "db/merge.hpp"
#include "db/prune.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

struct ExchangeOptions {
  std::string path;
  bool json = false;
  std::vector<std::string> files;       // merge, import
  ImportOptions import;
  std::vector<std::string> conditions;  // export
  std::string format = "t4", output;
  double days = 0;                      // prune
  int keep_fastest = 0;
  bool failures = false, samples = false, binaries = false, compact = false, dry_run = false;
  bool trust = false;                   // merge
};

Store open_store(const ExchangeOptions& options, const Context& context, StoreMode mode) {
  StoreOptions open;
  open.mode = mode;
  return Store(options.path.empty() ? context.database_default : options.path, open);
}

void print_rows(const Context& context, const std::string& title,
                const std::map<std::string, std::int64_t>& rows) {
  context.print(title + "\n");
  TextTable table({"table", ">rows"});
  for (const auto& [name, count] : rows)
    if (count > 0) table.add({name, fmt::format("{}", count)});
  context.print(table.text());
}

void run_merge(const ExchangeOptions& options, const Context& context) {
  Store into = open_store(options, context, StoreMode::create);
  nlohmann::json list = nlohmann::json::array();
  for (const std::string& file : options.files) {
    StoreOptions open;
    open.mode = StoreMode::read_only;
    open.check = true;  // it comes from elsewhere
    Store from(file, open);
    const MergeReport report = merge(into, from, {.binaries = options.trust});
    list.push_back({{"from", file}, {"added", report.added}});
    if (!options.json) print_rows(context, fmt::format("{} into {}: added", file, into.path()), report.added);
  }
  if (options.json)
    context.print(json_text(nlohmann::json{{"schema", "perftune.db_merge/1"}, {"into", into.path()}, {"merged", list}}));
}

void run_import(const ExchangeOptions& options, const Context& context) {
  Store store = open_store(options, context, StoreMode::create);
  nlohmann::json list = nlohmann::json::array();
  for (const std::string& file : options.files) {
    const ImportReport report = import_file(store, file, options.import);
    const char* format = report.format == TuningFormat::t4    ? "t4"
                         : report.format == TuningFormat::csv ? "csv"
                                                              : "kernel_tuner";
    list.push_back({{"file", file}, {"format", format}, {"device", report.device},
                    {"kernel", report.kernel}, {"subjects", report.subjects}, {"configurations", report.configurations},
                    {"valid", report.valid}, {"invalid", report.invalid}, {"added", report.added}});
    if (!options.json)
      context.print(fmt::format("{}: {} configurations of {} on {}{} ({} valid, {} invalid), {} new\n", file,
                                report.configurations, report.kernel, report.device,
                                report.subjects > 1 ? fmt::format(" and {} others", report.subjects - 1) : "",
                                report.valid, report.invalid, report.added));
  }
  if (options.json)
    context.print(json_text(nlohmann::json{{"schema", "perftune.db_import/1"}, {"imported", list}}));
}

std::string exported(Store& store, const ExchangeOptions& options) {
  if (options.format == "kernel-tuner") return format_kernel_tuner(export_tuning(store, options.conditions));
  if (options.format == "t4") return format_t4(export_tuning(store, options.conditions));
  QueryRequest request;
  request.view = QueryRequest::View::history;
  request.conditions = options.conditions;
  request.limit = 0;
  for (const Column& column : query_columns()) request.columns.emplace_back(column.name);
  return render(query(store, request), QueryFormat::csv);
}

void run_export(const ExchangeOptions& options, const Context& context) {
  Store store = open_store(options, context, StoreMode::read_only);
  const std::string text = exported(store, options);
  if (options.output.empty()) return context.print(text);
  std::ofstream file(options.output, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw Error(ErrorKind::usage, fmt::format("{}: cannot be written", options.output));
}

void run_prune(const ExchangeOptions& options, const Context& context) {
  PrunePolicy policy;
  if (options.days > 0) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    policy.taken_before_ms = now.count() - static_cast<std::int64_t>(options.days * 86'400'000);
  }
  if (options.keep_fastest > 0) policy.keep_fastest = options.keep_fastest;
  policy.failures = options.failures;
  policy.samples = options.samples;
  policy.binaries = options.binaries;
  if (!policy.taken_before_ms && !policy.keep_fastest && !policy.failures && !policy.samples &&
      !policy.binaries)
    throw Error(ErrorKind::usage, "prune: say what may go: --older-than, --keep-fastest, --failures, "
                                  "--samples or --binaries");
  Store store = open_store(options, context, StoreMode::read_write);
  const PruneReport report = prune(store, policy, options.dry_run);
  if (options.compact && !options.dry_run) compact(store);
  if (options.json)
    context.print(json_text(nlohmann::json{{"schema", "perftune.db_prune/1"}, {"path", store.path()},
                                 {"dry_run", options.dry_run}, {"removed", report.removed}}));
  else
    print_rows(context, options.dry_run ? "would remove" : "removed", report.removed);
}

}  // namespace

void add_db_exchange(CLI::App& db, Context& context) {
  auto options = std::make_shared<ExchangeOptions>();
  auto* merge_command = db.add_subcommand("merge", "Brings the rows of other stores into this one");
  merge_command->add_option("STORES", options->files, "Stores to read")->required();
  merge_command->add_flag("--trust", options->trust, "Take compiled binaries, too: `run` and the executor will run them");
  merge_command->callback([=, &context] { run_merge(*options, context); });

  auto* import_command =
      db.add_subcommand("import", "Reads T4 autotuning JSON, a Kernel Tuner cache or CSV, gzipped or not");
  import_command->add_option("FILES", options->files, "Files to read")->required();
  import_command->add_option("--device", options->import.device, "Device that was measured, if the file does not say");
  import_command->add_option("--kernel", options->import.kernel, "Name of the kernel, if the file does not say");
  import_command->callback([=, &context] { run_import(*options, context); });

  auto* export_command = db.add_subcommand("export", "Writes measurements for other tools");
  export_command->add_option("FILTERS", options->conditions, "Conditions, as for `query`");
  export_command->add_option("--format", options->format, "t4, kernel-tuner or csv")
      ->capture_default_str()
      ->check(CLI::IsMember({"t4", "kernel-tuner", "csv"}));
  export_command->add_option("-o,--output", options->output, "File to write (default: standard output)");
  export_command->callback([=, &context] { run_export(*options, context); });

  auto* prune_command = db.add_subcommand("prune", "Removes what is no longer needed; winners stay");
  prune_command->add_option("--older-than", options->days, "Measurements older than this, days")->check(CLI::PositiveNumber);
  prune_command->add_option("--keep-fastest", options->keep_fastest, "All but the N fastest of each operator and device")
      ->check(CLI::PositiveNumber);
  prune_command->add_flag("--failures", options->failures, "What did not compile, run or verify");
  prune_command->add_flag("--samples", options->samples, "Raw samples of all but winners");
  prune_command->add_flag("--binaries", options->binaries, "Compiled kernels of all but winners");
  prune_command->add_flag("--compact", options->compact, "Give the space back to the file system");
  prune_command->add_flag("--dry-run", options->dry_run, "Only say what would go");
  prune_command->callback([=, &context] { run_prune(*options, context); });

  for (auto* sub : {merge_command, import_command, export_command, prune_command})
    sub->add_option("--db", options->path, "Store (default $PERFTUNE_DB)");
  for (auto* sub : {merge_command, import_command, prune_command}) add_json_option(*sub, options->json);
}

}  // namespace perftune
