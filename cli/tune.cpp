// `perftune tune FILE...`: construct, compile, verify, measure, remember.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/bench_winner.hpp"
#include "cli/commands.hpp"
#include "cli/hardware_choice.hpp"
#include "cli/dispatch.hpp"
#include "cli/json_text.hpp"
#include "cli/operator_points.hpp"
#include "cli/present_gpu.hpp"
#include "cli/progress_bar.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "cli/trials.hpp"
#include "cli/wire.hpp"
#include "db/suites.hpp"
#include "models/onnx_file.hpp"
#include "profiler/bench.hpp"
#include "recipes/definition.hpp"
#include "recipes/error.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/kernel_plan.hpp"
#include "tuner/model_store.hpp"
#include "tuner/rank.hpp"
#include "tuner/tune.hpp"

namespace perftune {
namespace {

struct CommandOptions {
  std::vector<std::string> files;
  std::vector<std::string> dims;  // of models
  std::string database;
  std::string budget;
  std::string objective = "time";
  HardwareChoice hardware;
  TuneOptions tune;
  bool allow_vendor = false;
  bool no_model = false;
  TimingChoice timing;
  bool json = false;
};

// "30s", "500ms", "2m", or plain seconds.
double parse_duration(const std::string& text) {
  if (text.empty()) return 0;
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  const std::string unit = text.substr(used);
  const double scale = unit == "ms" ? 1e-3 : unit == "m" ? 60 : unit == "h" ? 3600 : 1;
  if (used == 0 || !(value > 0) || (scale == 1 && !unit.empty() && unit != "s"))
    throw Error(ErrorKind::usage, "--budget '" + text + "': a duration such as 30s, 500ms or 2m is expected");
  return value * scale;
}

std::string suite_table(const std::vector<TuneResult>& results) {
  TextTable table({"operator", "shape", ">calls", ">best", "basis", "program"});
  double total = 0;
  for (const auto& r : results) {
    const bool part = !r.part_of.empty();  // counted in its whole
    if (!part) total += r.best_us.value_or(0) * r.weight;
    const auto it = std::find_if(r.candidates.begin(), r.candidates.end(),
                                 [&](const auto& c) { return c.kernel == r.best; });
    table.add({part ? "  " + r.operator_name : r.operator_name, dims_text(r.dims), fmt::format("{:g}", r.weight),
               r.best_us ? format_time(*r.best_us) : "-",
               r.best.empty() ? "none valid" : r.best_measured ? "measured" : "predicted",
               !r.parts.empty() ? fmt::format("{} kernels", r.parts.size())
               : it == r.candidates.end() ? "" : it->ranked.program.text()});
  }
  return table.text() + fmt::format("weighted total {}\n", format_time(total));
}

TuneResult result_of_whole(const OperatorPoint& point, const Hardware& hardware) {
  TuneResult whole;
  whole.operator_name = point.op.name;
  whole.signature = point.op.signature();
  whole.hardware = hardware.name;
  whole.dims = point.op.base_dims();
  whole.weight = point.weight;
  whole.best_us = 0;
  whole.best_measured = true;
  whole.note = "no family takes it whole: its kernels run one after the other, the time is their sum";
  return whole;
}

void add_part(TuneResult& whole, const TuneResult& part) {
  whole.parts.push_back(part.operator_name);
  whole.measured = part.measured;
  whole.best_measured = whole.best_measured && part.best_measured;
  if (whole.best_us && part.best_us) *whole.best_us += *part.best_us;
  else whole.best_us.reset();
  if (part.best.empty()) whole.best_us.reset();
  whole.best += (whole.best.empty() ? "" : "+") + part.best;
  if (!whole.best_us) whole.best.clear();
  whole.counts.constructed += part.counts.constructed;
  whole.counts.compiled += part.counts.compiled;
  whole.counts.verified += part.counts.verified;
  whole.counts.measured += part.counts.measured;
  whole.counts.failed += part.counts.failed;
  whole.seconds.construct += part.seconds.construct;
  whole.seconds.compile += part.seconds.compile;
  whole.seconds.verify += part.seconds.verify;
  whole.seconds.measure += part.seconds.measure;
  whole.seconds.total += part.seconds.total;
}

class TuneCommand {
 public:
  TuneCommand(const CommandOptions& options, Context& context)
      : options_(options), context_(context) {}

  void run() {
    for (const auto& file : options_.files)  // mistakes first: the hardware may take seconds
      if (!is_onnx_path(file)) read_operator_file(file);
    const Hardware hardware = options_.hardware.resolve(context_);
    const Slices slices = make_slices();
    std::vector<OperatorPoint> points;
    for (const auto& file : options_.files)
      for (auto& point : read_points(file, options_.dims, hardware, slices, context_)) points.push_back(std::move(point));
    Store store(options_.database.empty() ? context_.database_default : options_.database);
    TuneOptions tune_options = options_.tune;
    tune_options.interrupted = context_.interrupted;
    tune_options.command = "tune";
    tune_options.provenance = this_machine();
    const double budget = parse_duration(options_.budget);
    const auto runner = make_trials(slices.emitters(), hardware, options_.hardware.threads, tune_options.seed,
                                    context_, &tune_options.provenance, options_.timing);
    if (options_.allow_vendor && !runner->measures())
      throw Error(ErrorKind::unavailable, "--allow-vendor: libraries are measured on the device, and " + hardware.name + " is not here");
    if (options_.objective == "energy") {
      if (options_.tune.spread) throw Error(ErrorKind::usage, "--objective energy decides between leaders, which --spread does not confirm");
      if (!runner->measures())
        throw Error(ErrorKind::unavailable, "--objective energy: it is measured on the device, and " + hardware.name + " is not here");
      std::string why_not;
      if (!runner->energy(points.front().op, {}, why_not)) throw Error(ErrorKind::unavailable, "--objective energy: " + why_not);
      tune_options.energy = [&runner](const Operator& op, std::span<const TileProgram> programs, std::string& why) {
        return runner->energy(op, programs, why);
      };
    }
    const auto start = std::chrono::steady_clock::now();
    for (const auto& point : points) {
      if (budget > 0) {
        const double used =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        tune_options.budget_seconds = std::max(1e-3, budget - used);
      }
      calls_ = calls(points, point);
      if (!point_of_suite(point, hardware, slices, *runner, store, tune_options)) break;
    }
    if (context_.exit_code == 0) dispatch_ = dispatch_ranges(points, results_, hardware, slices, *runner, store);
    render();
  }

 private:
  // A suite may list one computation under several names.
  static double calls(const std::vector<OperatorPoint>& points, const OperatorPoint& of) {
    double sum = 0;
    const std::string signature = of.op.signature();
    for (const auto& point : points)
      if (point.suite == of.suite && point.op.signature() == signature) sum += point.weight;
    return sum;
  }

  // False: interrupted or out of budget, nothing more should start.
  bool point_of_suite(const OperatorPoint& point, const Hardware& hardware, const Slices& slices,
                      TrialRunner& runner, Store& store, const TuneOptions& tune_options) {
    if (!rank(point.op, hardware, slices, 1).candidates.empty())
      return one(point, hardware, slices, runner, store, tune_options);
    const KernelPlan plan = plan_kernels(point.op, hardware, slices);
    if (plan.parts.empty())
      throw Error(ErrorKind::no_candidate,
                  fmt::format("{}: nothing could be constructed: {}", point.op.name, plan.why_not));
    const std::size_t whole = results_.size();
    results_.push_back(result_of_whole(point, hardware));
    bool goes_on = true;
    for (const KernelPlan::Part& part : plan.parts) {
      goes_on = goes_on && one({part.op, point.weight, point.suite}, hardware, slices, runner, store, tune_options);
      if (!goes_on) break;
      results_.back().part_of = point.op.name;
      add_part(results_[whole], results_.back());
    }
    if (results_[whole].parts.size() < plan.parts.size()) results_[whole].best_us.reset();
    return goes_on;
  }

  // Fresh for every operator: what the last one taught helps with the next.
  std::optional<LearnedModel> model_for(const Hardware& hardware, const Slices& slices, const TrialRunner& runner,
                                        Store& store) {
    if (options_.no_model || !runner.measures()) return std::nullopt;
    std::string why;
    auto model = fresh_model(store, slices, hardware, options_.tune.seed, why);
    if (!why.empty() && why != refused_) context_.say("perftune: " + why + "; the white box goes on alone");
    refused_ = why;
    return model;
  }

  bool one(const OperatorPoint& point, const Hardware& hardware, const Slices& slices,
           TrialRunner& runner, Store& store, const TuneOptions& tune_options) {
    ProgressBar bar(context_);
    const auto progress = [&](const TuneResult& so_far, int done, int wanted) {
      bar.show(done, wanted, fmt::format("{}: {} verified, {} failed", so_far.operator_name,
                                         so_far.counts.verified, so_far.counts.failed));
    };
    const std::optional<LearnedModel> model = model_for(hardware, slices, runner, store);
    TuneOptions with_model = tune_options;
    if (model) with_model.model = &*model;
    std::vector<std::string> missing;
    if (options_.allow_vendor) with_model.vendors = vendors_of(point.op, hardware, runner.policy(), missing);
    TuneRun run = tune(point.op, definition(point.op), hardware, slices, runner, store,
                       with_model, progress);
    if (!point.suite.empty()) put_suite_member(store, {point.suite, point.op.signature(), calls_});
    run.result.weight = point.weight;
    const bool gpu = hardware.kind == Hardware::Kind::gpu;
    if (options_.allow_vendor && gpu && with_model.vendors.empty() && run.result.best_measured)
      add_gpu_baselines(point.op, hardware, run.result);
    if (options_.allow_vendor && !gpu && run.result.baselines.empty() && !missing.empty())
      run.result.note = fmt::format("no vendor library takes it: {}", fmt::join(missing, "; "));
    results_.push_back(std::move(run.result));
    const TuneResult& result = results_.back();
    if (run.end == TuneEnd::interrupted) context_.exit_code = static_cast<int>(ErrorKind::interrupted);
    else if (run.end == TuneEnd::budget) context_.exit_code = static_cast<int>(ErrorKind::budget);
    else if (result.best.empty()) {
      context_.exit_code = static_cast<int>(ErrorKind::no_candidate);
      bar.clear();
      context_.say(fmt::format("perftune: {}: every candidate failed: {}", result.operator_name,
                               failure_histogram(result)));
    }
    return run.end == TuneEnd::finished;
  }

  // Libraries' kernels are candidates like any other.
  std::vector<TileProgram> vendors_of(const Operator& op, const Hardware& hardware, const Policy& policy,
                                      std::vector<std::string>& missing) {
    const bool gpu = hardware.kind == Hardware::Kind::gpu;
    if (gpu && !HostCompiler::find(context_.preferred_compiler, context_.path)) return {};  // calls are host code
    VendorPrograms found = find_vendor_programs(worker_options(context_), {op, definition(op), hardware, policy, options_.tune.seed},
                                                gpu ? present_device(hardware, context_) : std::nullopt);
    missing = std::move(found.missing);
    return std::move(found.programs);
  }

  // What cannot be kept (cuDNN) is a baseline, called by the worker that has the device. It wins only where the
  // interval says so: a tie is ours.
  void add_gpu_baselines(const Operator& op, const Hardware& hardware, TuneResult& result) {
    if (!bench_) bench_ = bench_setup(hardware, options_.hardware.threads, context_);
    const auto winner = std::find_if(result.candidates.begin(), result.candidates.end(),
                                     [&](const auto& c) { return c.kernel == result.best; });
    std::string failure;
    const Benched benched = bench_winner(*bench_, op, winner->ranked.program, failure);
    for (const auto& b : benched.baselines) result.baselines.push_back({b.name, b.us});
    if (!failure.empty()) result.note = "not compared with vendor libraries: " + failure;
    else if (benched.baselines.empty()) result.note = "no vendor library takes it: " + fmt::format("{}", fmt::join(benched.missing, "; "));
    const Benched::Baseline* best = benched.fastest();
    if (best == nullptr || best->comparison.verdict != BenchVerdict::slower) return;
    result.note = fmt::format("{} wins: {} against {} of {}", best->name, format_time(best->us),
                              format_time(benched.us), result.best.substr(0, 12));
    result.best = "vendor/" + best->name;
    result.best_us = best->us;
    result.ties.clear();
  }

  void render() const {
    if (options_.json) {
      nlohmann::json list = nlohmann::json::array();
      for (const auto& result : results_) list.push_back(result_json(result));
      nlohmann::json document{{"schema", "perftune.tune/1"}, {"results", list}};
      if (!dispatch_.empty()) document["dispatch"] = dispatch_json(dispatch_);
      context_.print(json_text(document));
    } else {
      for (const auto& result : results_) context_.print(result_text(result) + "\n");
      if (results_.size() > 1) context_.print(suite_table(results_));
      context_.print(dispatch_text(dispatch_));
    }
    if (context_.exit_code == static_cast<int>(ErrorKind::interrupted))
      context_.say("perftune: interrupted; finished outcomes are kept, --resume goes on from them");
    if (context_.exit_code == static_cast<int>(ErrorKind::budget))
      context_.say("perftune: the budget ended; the results are partial, --resume goes on from them");
  }

  const CommandOptions& options_;
  Context& context_;
  std::optional<BenchSetup> bench_;
  std::vector<TuneResult> results_;
  std::string refused_;  // why the store's model is not used: said once
  std::vector<DispatchedRange> dispatch_;
  double calls_ = 1;  // of the point that is being tuned, in its suite
};

}  // namespace

void add_tune(CLI::App& app, Context& context) {
  auto options = std::make_shared<CommandOptions>();
  auto* command = app.add_subcommand("tune", "Construct, compile, verify, measure, remember");
  command->add_option("files", options->files, "Operator or suite files, ONNX models")->required();
  add_dim_option(*command, options->dims);
  options->hardware.add_options(*command);
  command->add_option("--db", options->database, "Store (default $PERFTUNE_DB)");
  command->add_option("--top", options->tune.top, "Candidates to bring through verification")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--budget", options->budget, "Wall time for everything: 30s, 500ms, 2m");
  command->add_option("--objective", options->objective, "time, or energy per launch (needs NVML's or RAPL's counter)")
      ->check(CLI::IsMember({"time", "energy"}));
  command->add_flag("--allow-vendor", options->allow_vendor, "Vendor library kernels may win");
  command->add_flag("--no-model", options->no_model, "Measure in the white box's order, without the learned part");
  command->add_flag("--spread", options->tune.spread, "Candidates evenly over the ranking, good and bad: data, no winner confirmed");
  command->add_option("--cache", options->timing.cache, "Caches before each sample (default: cold on a GPU, warm on a CPU)")
      ->check(CLI::IsMember({"cold", "warm", "rotating"}));
  command->add_flag("--fast", options->timing.fast, "Short warm-up, few samples: many candidates rather than exact times");
  command->add_flag("--resume", options->tune.resume, "Skip what the store already knows");
  command->add_option("--seed", options->tune.seed, "Inputs and sampling")->capture_default_str();
  add_json_option(*command, options->json);
  command->callback([options, &context] {
    options->timing.powercap = context.powercap;
    TuneCommand(*options, context).run();
  });
}

}  // namespace perftune
