// `perftune measure --pending`: time what was constructed where the GPU was not.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/hardware_choice.hpp"
#include "cli/json_text.hpp"
#include "cli/progress_bar.hpp"
#include "cli/render.hpp"
#include "cli/trials.hpp"
#include "cli/wire.hpp"
#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/tune.hpp"

namespace perftune {
namespace {

struct MeasureOptions {
  bool pending = false;
  bool json = false;
  std::string database;
  HardwareChoice hardware;
  std::uint64_t seed = 1;
};

// One operator of the store and the programs that wait for it.
struct Waiting {
  std::string definition;
  std::vector<TileProgram> programs;
};

std::map<std::string, Waiting> waiting_by_operator(Store& store, HardwareId hardware) {
  std::map<std::string, Waiting> waiting;
  for (const auto& candidate : store.pending(hardware)) {
    if (candidate.definition.empty()) continue;  // imported: nothing to build it from
    auto& entry = waiting[candidate.signature];
    entry.definition = candidate.definition;
    entry.programs.push_back(TileProgram::parse(candidate.kernel.program));
  }
  return waiting;
}

void measure(const MeasureOptions& options, Context& context) {
  if (!options.pending)
    throw Error(ErrorKind::usage, "measure: nothing named; --pending times what waits in the store");
  HardwareChoice choice = options.hardware;
  if (choice.gpu.empty() && !choice.cpu) choice.gpu = "local";
  const Hardware hardware = choice.resolve(context);
  const Slices slices = make_slices();
  StoreOptions open;
  open.mode = StoreMode::read_write;
  Store store(options.database.empty() ? context.database_default : options.database, open);
  Provenance provenance = this_machine();
  const auto runner =
      make_trials(slices.emitters(), hardware, choice.threads, options.seed, context, &provenance);
  if (!runner->measures())
    throw Error(ErrorKind::unavailable, hardware.name + ": no such device here; pending candidates wait on");
  const auto id = store.find_hardware(describe(hardware));
  const auto waiting = id ? waiting_by_operator(store, *id) : std::map<std::string, Waiting>{};
  if (waiting.empty()) context.say("perftune: nothing is pending for " + hardware.name);

  nlohmann::json list = nlohmann::json::array();
  ProgressBar bar(context);
  for (const auto& [signature, entry] : waiting) {
    const auto point = parse_operator_text(entry.definition, store.path()).front();
    TuneOptions tune_options;
    tune_options.programs = entry.programs;
    tune_options.top = static_cast<int>(entry.programs.size());
    tune_options.seed = options.seed;
    tune_options.command = "measure --pending";
    tune_options.provenance = provenance;
    tune_options.interrupted = context.interrupted;
    const TuneRun run = tune(point.op, entry.definition, hardware, slices, *runner, store, tune_options,
                             [&](const TuneResult& so_far, int done, int wanted) {
                               bar.show(done, wanted, so_far.operator_name);
                             });
    bar.clear();
    if (options.json) list.push_back(result_json(run.result));
    else context.print(result_text(run.result) + "\n");
    if (run.end == TuneEnd::interrupted) {
      context.exit_code = static_cast<int>(ErrorKind::interrupted);
      break;
    }
    if (run.result.best.empty()) {
      context.exit_code = static_cast<int>(ErrorKind::no_candidate);
      context.say(fmt::format("perftune: {}: every candidate failed: {}", run.result.operator_name, failure_histogram(run.result)));
    }
  }
  if (options.json)
    context.print(json_text(nlohmann::json{{"schema", "perftune.tune/1"}, {"results", list}}));
}

}  // namespace

void add_measure(CLI::App& app, Context& context) {
  auto options = std::make_shared<MeasureOptions>();
  auto* command = app.add_subcommand("measure", "Time what was constructed elsewhere");
  command->add_flag("--pending", options->pending, "Candidates that wait for the device");
  command->add_option("--db", options->database, "Store (default $PERFTUNE_DB)");
  command->add_option("--seed", options->seed, "Of the inputs")->capture_default_str();
  add_json_option(*command, options->json);
  options->hardware.add_options(*command);
  command->callback([options, &context] { measure(*options, context); });
}

}  // namespace perftune
