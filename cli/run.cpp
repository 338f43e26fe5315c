// `perftune run FILE`: look up the winner, launch it on real inputs, verify, time.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/hardware_choice.hpp"
#include "cli/named_paths.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "cli/trials.hpp"
#include "cli/wire.hpp"
#include "codegen/cpu/headers.hpp"
#include "db/store.hpp"
#include "executor/cpu_device.hpp"
#include "executor/host_compiler.hpp"
#include "executor/npy.hpp"
#include "executor/oracle.hpp"
#include "executor/random_inputs.hpp"
#include "executor/sampling.hpp"
#include "executor/verification.hpp"
#include "recipes/error.hpp"
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
};

// Which program runs, and how that was decided.
struct Choice {
  TileProgram program;
  std::string source;  // "winner (measured)", "winner (predicted)", "best prediction"
};

Choice choose(const Operator& op, const Hardware& hardware, const Slices& slices,
              const RunOptions& options, const Context& context) {
  const std::string path = options.database.empty() ? context.database_default : options.database;
  if (std::filesystem::exists(path)) {
    StoreOptions open;
    open.mode = StoreMode::read_only;
    Store store(path, open);
    if (const auto id = store.find_hardware(describe(hardware)))
      if (const auto winner = store.winner(op.signature(), *id))
        return {TileProgram::parse(winner->kernel.program),
                fmt::format("winner ({}) of {}", name(winner->basis), path)};
  }
  Ranking ranking = rank(op, hardware, slices);
  if (ranking.candidates.empty()) throw Error(ErrorKind::no_candidate, ranking.why_not);
  return {std::move(ranking.candidates.front().program),
          "best prediction; not tuned yet: `perftune tune " + options.file + " --cpu`"};
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
  return buffers;
}

CompiledKernel compile(const Operator& op, const Hardware& hardware, const Emitter& emitter,
                       const TileProgram& program, const Context& context) {
  const auto compiler = HostCompiler::find(context.preferred_compiler, context.path);
  if (!compiler)
    throw Error(ErrorKind::unavailable, "no host C++ compiler: g++ or clang++ is needed in PATH");
  CompiledKernel compiled{emitter.emit(op, program, hardware), {}, {}};
  auto result = compiler->compile(compiled.kernel.source, cpu_device_headers(),
                                  cpu_compile_flags(hardware.cpu.isa), 60);
  if (!result.ok) throw Error(ErrorKind::no_candidate, "the kernel does not compile: " + result.log);
  compiled.binary = std::move(result.binary);
  return compiled;
}

// Outputs of one launch in this process. The kernel was verified in a worker before.
Buffers launch(const Operator& op, CpuDevice& device, const CompiledKernel& kernel,
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

struct Report {
  Choice choice;
  Outcome outcome;  // of the timed trial
  std::size_t checked = 0;
};

void print(const Operator& op, const Hardware& hardware, const Report& report, bool json,
           const Context& context) {
  const auto& timing = report.outcome.timing;
  if (json) {
    context.print(nlohmann::json{{"schema", "perftune.run/1"},
                                 {"operator", op.name},
                                 {"signature", op.signature()},
                                 {"hardware", hardware.name},
                                 {"program", report.choice.program.text()},
                                 {"chosen", report.choice.source},
                                 {"verified", true},
                                 {"measured_us", timing ? nlohmann::json(timing->median_us)
                                                        : nlohmann::json(nullptr)}}
                      .dump(2) + "\n");
    return;
  }
  context.print(operator_heading(op, hardware));
  context.print(fmt::format("program   {}\nchosen    {}\nverified  against the float64 oracle on these inputs\n",
                            report.choice.program.text(), report.choice.source));
  if (timing)
    context.print(fmt::format("time      {} median of {} samples, spread {:.1f} %, warm caches\n"
                              "rate      {:.4g} GFLOP/s, {:.4g} GB/s of compulsory traffic\n",
                              format_time(timing->median_us), timing->samples_us.size(),
                              100 * timing->spread, op.flops() / timing->median_us * 1e-3,
                              op.compulsory_bytes() / timing->median_us * 1e-3));
}

void run(const RunOptions& options, Context& context) {
  const auto points = read_operator_file(options.file);
  if (points.size() != 1)
    throw Error(ErrorKind::usage, options.file + ": `run` takes one operator at one shape");
  const Operator& op = points.front().op;
  const auto output_paths = parse_named_paths(options.outputs, "--output", op, op.outputs());
  const Buffers inputs = gather_inputs(op, options);
  const Hardware hardware = options.hardware.resolve(context);
  if (hardware.kind == Hardware::Kind::gpu)
    throw Error(ErrorKind::unavailable,
                hardware.name + ": no such device here; `perftune tune` works offline, `run` needs it");
  const Slices slices = make_slices();
  Report report{choose(op, hardware, slices, options, context), {}, 0};

  // Verified and timed in a worker first, so that a bad kernel cannot take this process with it.
  const auto trials = make_trials(slices.emitters(), hardware, options.hardware.threads, options.seed, context);
  trials->submit(0, op, report.choice.program);
  const auto trial = trials->next(std::chrono::steady_clock::now() + std::chrono::minutes(5));
  if (!trial) throw Error(ErrorKind::interrupted, "interrupted");
  report.outcome = trial->outcome;
  if (!report.outcome.timing)
    throw Error(ErrorKind::no_candidate, fmt::format("{}: {}", name(report.outcome.kind), report.outcome.detail));

  const Emitter& emitter = *slices.emitters().find(report.choice.program);
  const CompiledKernel kernel = compile(op, hardware, emitter, report.choice.program, context);
  CpuDevice device(hardware, trials->policy().threads);
  const Buffers outputs =
      launch(op, device, kernel, emitter.bind(op, report.choice.program, hardware), inputs);
  if (const auto wrong = check(op, inputs, outputs, options.seed))
    throw Error(ErrorKind::no_candidate, "wrong result: " + *wrong);
  const auto slots = op.outputs();
  for (const auto& [tensor, path] : output_paths) {
    const auto position = std::find(slots.begin(), slots.end(), tensor) - slots.begin();
    write_npy(path, op.tensors[tensor].type, op.tensors[tensor].shape, outputs[position]);
  }
  print(op, hardware, report, options.json, context);
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
  command->callback([options, &context] { run(*options, context); });
}

}  // namespace perftune
