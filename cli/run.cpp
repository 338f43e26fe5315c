// `perftune run FILE`: look up the winner, launch it on real inputs, verify, time.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/hardware_choice.hpp"
#include "cli/input_shapes.hpp"
#include "cli/json_text.hpp"
#include "cli/kept_kernels.hpp"
#include "cli/kernel_choice.hpp"
#include "cli/launcher.hpp"
#include "cli/model_run.hpp"
#include "cli/named_paths.hpp"
#include "cli/operator_points.hpp"
#include "cli/present_gpu.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "cli/trials.hpp"
#include "cli/wire.hpp"
#include "db/store.hpp"
#include "executor/index_check.hpp"
#include "executor/npy.hpp"
#include "executor/oracle.hpp"
#include "executor/random_inputs.hpp"
#include "executor/sampling.hpp"
#include "executor/verification.hpp"
#include "recipes/error.hpp"
#include "models/onnx_file.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/rank.hpp"

namespace perftune {
namespace {

struct RunOptions {
  std::string file;
  std::string database;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  HardwareChoice hardware;
  std::uint64_t seed = 1;
  bool json = false;
  std::vector<std::string> dims;  // of a model
  bool check = false, profile = false;
};

// One kernel of the operator, or the only one.
struct Part {
  Operator op;
  KernelChoice choice;
  std::string binary;  // the store's, or what was compiled now
  Outcome outcome;     // of the timed trial
};

std::vector<Part> choose(const Operator& op, const Hardware& hardware, const Slices& slices,
                         const RunOptions& options, const std::string& store, const Context& context) {
  std::string why_not;
  std::vector<Part> parts;
  for (KernelChoice& choice : choose_kernels(op, hardware, slices, store, library_check(context), "not tuned yet: `perftune tune " + options.file + (hardware.kind == Hardware::Kind::cpu ? " --cpu`" : " --gpu " + options.hardware.gpu + "`"), why_not))
    parts.push_back({choice.op, std::move(choice), {}, {}});
  if (parts.empty()) throw Error(ErrorKind::no_candidate, why_not);
  return parts;
}

using Buffers = std::vector<std::vector<std::byte>>;

// The user's arrays where given, random ones elsewhere.
Buffers gather_inputs(const Operator& op, const RunOptions& options) {
  Buffers buffers = random_inputs(op, options.seed);
  const auto paths = parse_named_paths(options.inputs, "--input", op, op.inputs());
  for (const auto& [tensor, path] : paths) {
    const auto inputs = op.inputs();
    const auto position = std::find(inputs.begin(), inputs.end(), tensor) - inputs.begin();
    buffers[position] = tensor_bytes(read_npy(path), op.tensors[tensor], path);
  }
  if (const auto wrong = index_out_of_range(op, views(buffers))) throw Error(ErrorKind::usage, *wrong);
  return buffers;
}

// Outputs of one launch in this process. The kernel was verified in a worker before.
Buffers launch(const Operator& op, Device& device, const CompiledKernel& kernel,
               const Launch& geometry, const Buffers& inputs) {
  device.load(op, views(inputs));
  if (const auto failure = device.launch(kernel, geometry))
    throw Error(ErrorKind::no_candidate, std::string(name(failure->kind)) + ": " + failure->detail);
  Buffers outputs;
  for (const int tensor : op.outputs()) {
    outputs.emplace_back(static_cast<std::size_t>(op.tensors[tensor].bytes()));
    device.read(tensor, outputs.back());
  }
  return outputs;
}

// Against the oracle on these very inputs; nullopt when right.
std::optional<std::string> check(const Operator& op, const Buffers& inputs, const Buffers& outputs,
                                 std::uint64_t seed) {
  const auto spans = views(inputs);
  Oracle oracle(op, spans);
  const auto slots = op.outputs();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const Tensor& tensor = op.tensors[slots[i]];
    const auto elements = sample_elements(tensor, seed, 4096, {});
    const auto expected = oracle.evaluate(slots[i], elements);
    if (auto wrong = compare(tensor, elements, expected, outputs[i])) return wrong;
  }
  return std::nullopt;
}

double total_us(const std::vector<Part>& parts) {
  double us = 0;
  for (const Part& part : parts) us += part.outcome.timing->median_us;
  return us;
}

void print(const Operator& op, const Hardware& hardware, const std::vector<Part>& parts, const Policy& policy,
           int compiled, bool json, const Context& context) {
  const double us = total_us(parts);
  if (json) {
    nlohmann::json kernels = nlohmann::json::array();
    std::string programs;
    for (const Part& part : parts) {
      programs += (programs.empty() ? "" : "; ") + part.choice.program.text();
      kernels.push_back({{"operator", part.op.name},
                         {"program", part.choice.program.text()},
                         {"chosen", part.choice.source},
                         {"measured_us", part.outcome.timing->median_us}});
    }
    context.print(json_text(nlohmann::json{{"schema", "perftune.run/1"},
                                 {"operator", op.name},
                                 {"signature", op.signature()},
                                 {"hardware", hardware.name},
                                 {"program", programs},
                                 {"chosen", parts.front().choice.source},
                                 {"kernels", kernels},
                                 {"compiled", compiled},
                                 {"verified", true},
                                 {"measured_us", us}}));
    return;
  }
  context.print(operator_heading(op, hardware));
  for (const Part& part : parts) {
    const auto& timing = *part.outcome.timing;
    if (parts.size() > 1) context.print(fmt::format("kernel    {}\n", part.op.name));
    context.print(fmt::format("program   {}\nchosen    {}\n", part.choice.program.text(), part.choice.source));
    context.print(fmt::format("time      {} median of {} samples, spread {:.1f} %, {} caches\n", format_time(timing.median_us),
                              timing.samples_us.size(), 100 * timing.spread, policy.cold ? "cold" : "warm"));
  }
  context.print(fmt::format("compiled  {}\n", compiled == 0 ? "before: kept by the store" : "now"));
  context.print("verified  against the float64 oracle on these inputs\n");
  if (parts.size() > 1) context.print(fmt::format("together  {}\n", format_time(us)));
  context.print(fmt::format("rate      {:.4g} GFLOP/s, {:.4g} GB/s of compulsory traffic\n",
                            op.flops() / us * 1e-3, op.compulsory_bytes() / us * 1e-3));
}

// Verified and timed in a worker, so that a bad kernel cannot take this process with it.
void try_in_worker(Part& part, WorkerTrials& trials) {
  if (part.binary.empty()) trials.submit(0, part.op, part.choice.program);
  else trials.submit_built(0, part.op, part.choice.program, part.binary);
  auto trial = trials.next(std::chrono::steady_clock::now() + std::chrono::minutes(5));
  if (!trial) throw Error(ErrorKind::interrupted, "interrupted");
  part.outcome = std::move(trial->outcome);
  part.binary = std::move(part.outcome.binary);
}

// Kernels that the store keeps start at once; what it does not, or what does not run, is compiled and kept.
class Trying {
 public:
  Trying(const RunOptions& options, const Hardware& hardware, const Slices& slices, const std::string& store, const Context& context)
      : options_(options), hardware_(hardware), slices_(slices), context_(context),
        kept_(store, hardware.kind == Hardware::Kind::cpu ? hardware.cpu.isa : hardware.arch, context) {}

  void run(std::vector<Part>& parts) {
    for (Part& part : parts) part.binary = kept_.find(kernel(part));
    const bool compiles = std::ranges::any_of(parts, [](const Part& part) { return part.binary.empty(); });
    start(compiles);
    for (Part& part : parts) {
      const bool kept = !part.binary.empty();
      try_in_worker(part, *trials_);
      if (!part.outcome.timing && kept) again(part);
      if (!part.outcome.timing) try_others(part);
      if (!part.outcome.timing)
        throw Error(ErrorKind::no_candidate, fmt::format("{}: {}: {}", part.op.name, name(part.outcome.kind), part.outcome.detail));
      if (!kept || compiled_again_) keep(part);
    }
  }
  const Policy policy() const { return trials_->policy(); }
  int compiled() const { return kept_.compiled(); }

 private:
  Kernel kernel(const Part& part) const {
    return slices_.emitters().find(part.choice.program)->emit(part.op, part.choice.program, hardware_);
  }
  void start(bool compiles) {
    TimingChoice timing;
    timing.compiles = compiles;
    trials_ = make_trials(slices_.emitters(), hardware_, options_.hardware.threads, options_.seed, context_, nullptr, timing);
  }
  // What is kept may be for a machine that this no longer is.
  void again(Part& part) {
    context_.say(fmt::format("perftune: {}: the kept kernel does not run ({}: {}): compiled again", part.op.name,
                             name(part.outcome.kind), part.outcome.detail));
    start(true);
    compiled_again_ = true;
    part.binary.clear();
    try_in_worker(part, *trials_);
  }
  // A program that this compiler or machine does not take costs itself alone. One that is wrong or crashes is a mistake
  // of ours, and where one is too slow others are too: both end the command.
  void try_others(Part& part) {
    static constexpr int most = 3;
    const auto costs_itself = [](OutcomeKind kind) {
      return kind == OutcomeKind::compile_failed || kind == OutcomeKind::rejected || kind == OutcomeKind::launch_failed;
    };
    const std::string first = part.choice.program.text();
    int tried = 0;
    for (const Ranked& next : rank(part.op, hardware_, slices_).candidates) {
      if (part.outcome.timing || !costs_itself(part.outcome.kind) || tried == most) return;
      if (next.program.text() == first) continue;
      context_.say(fmt::format("perftune: {}: {}: {} ({}); the next best prediction is tried", part.op.name,
                               part.choice.program.text(), name(part.outcome.kind), part.outcome.detail));
      ++tried;
      part.choice.program = next.program;
      part.choice.source = "best prediction that runs; '" + first + "' does not";
      part.binary.clear();
      start(true);
      compiled_again_ = true;
      try_in_worker(part, *trials_);
    }
  }
  void keep(const Part& part) {
    const Kernel made = kernel(part);
    const KeptKernels::Made one{&made, &part.binary};
    kept_.keep_with(trials_->toolchain(part.choice.program.target));
    kept_.keep({&one, 1});
  }

  const RunOptions& options_;
  const Hardware& hardware_;
  const Slices& slices_;
  const Context& context_;
  KeptKernels kept_;
  std::unique_ptr<WorkerTrials> trials_;
  bool compiled_again_ = false;
};

// The kernels one after the other, each reading what those before it wrote. Outputs of `op`.
Buffers launch_all(const Operator& op, const std::vector<Part>& parts, const Hardware& hardware,
                   const Slices& slices, Launcher& launcher, const Buffers& inputs) {
  std::map<std::string, std::vector<std::byte>> values;  // by tensor
  const auto slots = op.inputs();
  for (std::size_t i = 0; i < slots.size(); ++i) values[op.tensors[slots[i]].name] = inputs[i];
  for (const Part& part : parts) {
    const Emitter& emitter = *slices.emitters().find(part.choice.program);
    const CompiledKernel kernel{emitter.emit(part.op, part.choice.program, hardware), part.binary, {}};
    Buffers given;
    for (const int tensor : part.op.inputs()) given.push_back(values.at(part.op.tensors[tensor].name));
    Buffers made = launch(part.op, launcher.device(), kernel, emitter.bind(part.op, part.choice.program, hardware), given);
    const auto written = part.op.outputs();
    for (std::size_t i = 0; i < written.size(); ++i)
      values[part.op.tensors[written[i]].name] = std::move(made[i]);
  }
  Buffers outputs;
  for (const int tensor : op.outputs()) outputs.push_back(std::move(values.at(op.tensors[tensor].name)));
  return outputs;
}

void run(const RunOptions& options, Context& context) {
  const Operator op = operator_for_inputs(read_operator_file(options.file), options.inputs, options.file);
  const auto output_paths = parse_named_paths(options.outputs, "--output", op, op.outputs());
  const Buffers inputs = gather_inputs(op, options);
  const Hardware hardware = options.hardware.resolve(context);
  if (hardware.kind == Hardware::Kind::gpu) required_device(hardware, context);
  const Slices slices = make_slices();
  const std::string store = options.database.empty() ? context.database_default : options.database;
  std::vector<Part> parts = choose(op, hardware, slices, options, store, context);
  Trying trying(options, hardware, slices, store, context);
  trying.run(parts);
  Launcher launcher(hardware, trying.policy().threads, context);
  const Buffers outputs = launch_all(op, parts, hardware, slices, launcher, inputs);
  if (const auto wrong = check(op, inputs, outputs, options.seed))
    throw Error(ErrorKind::no_candidate, "wrong result: " + *wrong);
  const auto slots = op.outputs();
  for (const auto& [tensor, path] : output_paths) {
    const auto position = std::find(slots.begin(), slots.end(), tensor) - slots.begin();
    write_npy(path, op.tensors[tensor].type, op.tensors[tensor].shape, outputs[position]);
  }
  print(op, hardware, parts, trying.policy(), trying.compiled(), options.json, context);
}

// `run` keeps what it compiles, so it may bring an older perftune's store up to date as other writers do. Whatever
// stands in the way is said by whoever reads the store next.
void update_store(const std::string& path) {
  if (!std::filesystem::exists(path)) return;
  StoreOptions open;
  open.mode = StoreMode::read_write;
  try {
    Store store(path, open);
  } catch (const Error&) {
  }
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
  auto options = std::make_shared<RunOptions>();
  auto* command = app.add_subcommand("run", "Look up the winner, launch, verify, time");
  command->add_option("file", options->file, "Operator file")->required();
  command->add_option("--input", options->inputs, "NAME=file.npy; random where not given");
  command->add_option("--output", options->outputs, "NAME=file.npy to write");
  command->add_option("--db", options->database, "Store (default $PERFTUNE_DB)");
  command->add_option("--seed", options->seed, "Of random inputs")->capture_default_str();
  add_json_option(*command, options->json);
  options->hardware.add_options(*command);
  add_dim_option(*command, options->dims);
  command->add_flag("--check", options->check, "Of a model: compare with the reference implementations (slow)");
  command->add_flag("--profile", options->profile, "Of a model: time each step");
  command->callback([options, &context] {
    const std::string store = options->database.empty() ? context.database_default : options->database;
    update_store(store);
    if (is_onnx_path(options->file))
      run_model({options->file, store, options->inputs, options->outputs, options->dims, options->hardware, options->seed, options->json, options->check, options->profile}, context);
    else if (!options->dims.empty() || options->check || options->profile)
      throw Error(ErrorKind::usage, options->file + ": --dim, --check and --profile are for ONNX models");
    else run(*options, context);
  });
}

}  // namespace perftune
