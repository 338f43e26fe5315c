#include "cli/model_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "cli/json_text.hpp"
#include "cli/kept_kernels.hpp"
#include "cli/kernel_choice.hpp"
#include "cli/launcher.hpp"
#include "cli/model_arrays.hpp"
#include "cli/operator_points.hpp"
#include "cli/present_gpu.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "cli/trials.hpp"
#include "cli/wire.hpp"
#include "models/model_operators.hpp"
#include "models/onnx_file.hpp"
#include "models/session.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

// How far the runs agree with the reference: the largest difference, relative to the largest value.
double difference(const Array& mine, const Array& reference) {
  if (mine.spec != reference.spec) return std::numeric_limits<double>::infinity();
  double largest = 0, top = 0;
  for (std::int64_t i = 0; i < mine.spec.elements(); ++i) {
    const double a = read_real(mine.view(), i), b = read_real(reference.view(), i);
    if (std::isnan(a) != std::isnan(b)) return std::numeric_limits<double>::infinity();
    if (a == b || std::isnan(a)) continue;
    largest = std::max(largest, std::abs(a - b));
    top = std::max(top, std::abs(b));
  }
  return top > 0 ? largest / top : largest;
}

struct Times {
  double median_us = 0, least_us = 0;
  int runs = 0;
};

// Warm: 50 ms or 2 runs first; then a second of runs, at least 5 and at most 1000.
Times time_runs(Session& session, const Context& context) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) { return std::chrono::duration<double, std::micro>(Clock::now() - start).count(); };
  const auto begin = Clock::now();
  for (int i = 0; i < 2 || since(begin) < 5e4; ++i) session.run();
  std::vector<double> us;
  const auto start = Clock::now();
  while (us.size() < 5 || (since(start) < 1e6 && us.size() < 1000)) {
    if (context.interrupted != nullptr && context.interrupted->load()) throw Error(ErrorKind::interrupted, "interrupted");
    const auto one = Clock::now();
    session.run();
    us.push_back(since(one));
  }
  std::sort(us.begin(), us.end());
  return {us[us.size() / 2], us.front(), static_cast<int>(us.size())};
}

std::string basis_of(const SessionStep& step) {
  if (step.kernels.empty()) return "reference";
  return step.kernels.front().chosen.starts_with("winner") ? "winner" : "default";
}

std::string step_table(const Session& session, bool times) {
  struct Row {
    int count = 0;
    double us = 0;
    std::string program;
  };
  std::map<std::pair<std::string, std::string>, Row> rows;  // by name and basis
  std::vector<std::pair<std::string, std::string>> order;
  for (const SessionStep& step : session.steps()) {
    const auto key = std::pair(step.name + (step.kernels.empty() ? "" : " " + dims_text(step.kernels[0].op.base_dims())), basis_of(step));
    Row& row = rows[key];
    if (row.count++ == 0) order.push_back(key);
    row.us += step.us;
    if (!step.kernels.empty()) row.program = step.kernels.size() > 1 ? fmt::format("{} kernels", step.kernels.size()) : step.kernels[0].program.text();
  }
  if (times) std::stable_sort(order.begin(), order.end(), [&](const auto& a, const auto& b) { return rows[a].us > rows[b].us; });
  TextTable table({"step", ">runs", ">time", "basis", "program"});
  for (const auto& key : order) table.add({key.first, fmt::format("{}", rows[key].count), times ? format_time(rows[key].us) : "", key.second, rows[key].program});
  return table.text();
}

class ModelRun {
 public:
  ModelRun(const ModelRunOptions& options, Context& context) : options_(options), context_(context) {}

  void run() {
    const Model model = read_onnx(options_.file);
    const auto given = read_model_inputs(model, options_.inputs);
    const auto output_paths = named_output_paths(model, options_.outputs);
    const ModelExtents extents = extents_of(given);
    Hardware hardware = options_.hardware.resolve(context_);
    const bool gpu = hardware.kind == Hardware::Kind::gpu;
    const int ordinal = gpu ? required_device(hardware, context_) : 0;
    const std::optional<HostCompiler> compiler = gpu ? std::nullopt : std::optional(required_host_compiler(context_));
    const int threads = gpu ? 0 : options_.hardware.threads > 0 ? options_.hardware.threads : hardware.cpu.cores;
    const Slices slices = make_slices();
    std::optional<KeptKernels> kept;
    if (!gpu) kept.emplace(options_.store, cpu_toolchain(hardware, *compiler), context_);
    auto device = gpu ? cuda_session_device(hardware, slices.emitters(), Nvrtc(cuda_search(context_)), driver_folders(context_), ordinal)
                      : cpu_session_device(hardware, slices.emitters(), *compiler, threads, &*kept);
    LoweredGraph lowered = load_model(options_.file, extents, combine_by_prediction(hardware, slices));
    const ModelReport report = report_of(lowered);
    const Arrays inputs = fill_inputs(lowered.graph, given, options_.seed);
    const VendorCheck cannot_call = gpu ? [](const TileProgram&) { return std::optional<std::string>("models call no GPU library"); }
                                        : library_check(context_);
    const auto chooser = [&](const Operator& op) {
      std::vector<ChosenKernel> kernels;
      std::string why_not;
      for (auto& choice : choose_kernels(op, hardware, slices, options_.store, cannot_call, "not tuned", why_not))
        kernels.push_back({std::move(choice.op), std::move(choice.program), std::move(choice.source)});
      return kernels;
    };
    Session session(std::move(lowered), std::move(device), hardware, slices.emitters(), chooser);
    session.set_inputs(inputs);
    session.run();
    const Arrays outputs = session.outputs();
    std::vector<double> differences;
    if (options_.check) {
      const Arrays expected = interpret(specialise(model, extents), inputs);
      for (std::size_t i = 0; i < outputs.size(); ++i) differences.push_back(difference(*outputs[i], *expected[i]));
    }
    for (const auto& [name, path] : output_paths)
      for (std::size_t i = 0; i < outputs.size(); ++i)
        if (session.graph().output_names[i] == name) write_array(path, *outputs[i]);
    const Times times = time_runs(session, context_);
    if (options_.profile) session.profile(std::clamp(static_cast<int>(5e5 / times.median_us), 3, 50));
    render(session, report, outputs, differences, times, hardware, threads, kept ? &*kept : nullptr);
    constexpr double enough = 1e-2;  // f16 models included; the difference is printed
    for (const double d : differences)
      if (!(d < enough)) throw Error(ErrorKind::no_candidate, options_.file + ": the outputs differ from the reference implementations");
  }

 private:
  // Shapes come from the arrays that are given, the rest from --dim.
  ModelExtents extents_of(const std::map<std::string, std::shared_ptr<const Array>>& given) const {
    ModelExtents extents = parse_extents(options_.dims);
    for (const auto& [name, array] : given) {
      extents.shapes[name] = array->spec.shape;
      if (array->spec.elements() == 1 && !is_floating(array->spec.type)) extents.values[name] = array;
    }
    return extents;
  }

  void render(const Session& session, const ModelReport& report, const Arrays& outputs, const std::vector<double>& differences,
              const Times& times, const Hardware& hardware, int threads, const KeptKernels* kept) const {
    int winners = 0;
    for (const SessionStep& step : session.steps()) winners += basis_of(step) == "winner" ? 1 : 0;
    if (options_.json) {
      nlohmann::json steps = nlohmann::json::array(), shown = nlohmann::json::array(), reference = nlohmann::json::object();
      for (const SessionStep& step : session.steps()) {
        nlohmann::json programs = nlohmann::json::array();
        for (const ChosenKernel& kernel : step.kernels) programs.push_back(kernel.program.text());
        steps.push_back({{"step", step.name}, {"basis", basis_of(step)}, {"programs", programs}, {"nodes", step.nodes}});
        if (options_.profile) steps.back()["us"] = step.us;
      }
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        shown.push_back({{"name", session.graph().output_names[i]}, {"type", name(outputs[i]->spec.type)}, {"shape", outputs[i]->spec.shape}});
        if (!differences.empty()) shown.back()["difference"] = differences[i];
      }
      for (const auto& [op, count] : report.reference) reference[op] = count;
      context_.print(json_text(nlohmann::json{{"schema", "perftune.run_model/1"}, {"model", options_.file}, {"hardware", hardware.name},
                                    {"threads", threads}, {"nodes", report.nodes}, {"kernels", report.kernels},
                                    {"distinct", report.distinct}, {"winners", winners}, {"reference", reference},
                                    {"outputs", shown}, {"steps", steps},
                                    {"sources", kept != nullptr ? nlohmann::json(kept->asked()) : nlohmann::json()},
                                    {"compiled", kept != nullptr ? nlohmann::json(kept->compiled()) : nlohmann::json()}, {"arena_bytes", session.arena_bytes()},
                                    {"measured_us", times.median_us}, {"least_us", times.least_us}, {"runs", times.runs}}));
      return;
    }
    context_.print(text(report, options_.file) + "\n");
    context_.print(step_table(session, options_.profile));
    for (std::size_t i = 0; i < outputs.size(); ++i)
      context_.print(fmt::format("output    {} {} {}{}\n", session.graph().output_names[i], name(outputs[i]->spec.type), text(outputs[i]->spec.shape),
                                 differences.empty() ? "" : fmt::format(", differs from the reference by {:.2g} of its largest value", differences[i])));
    if (kept != nullptr)
      context_.print(fmt::format("sources   {}, {} compiled now, {} kept by the store\n", kept->asked(), kept->compiled(), kept->asked() - kept->compiled()));
    context_.print(fmt::format("memory    {:.3g} MB for values that a run makes\n", static_cast<double>(session.arena_bytes()) * 1e-6));
    const std::string where = threads == 0 ? "launches and waiting included" : fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
    context_.print(fmt::format("time      {} median of {} runs, least {}, {}, warm caches; {} of {} kernels tuned\n", format_time(times.median_us),
                               times.runs, format_time(times.least_us), where, winners, report.kernels));
  }

  const ModelRunOptions& options_;
  Context& context_;
};

}  // namespace

void run_model(const ModelRunOptions& options, Context& context) { ModelRun(options, context).run(); }

}  // namespace perftune
