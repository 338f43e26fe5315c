// `perftune profile --list`: the hardware counters of a GPU, present or not; `perftune profile KERNEL`:
// what they count while one kernel runs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/hardware_choice.hpp"
#include "cli/json_text.hpp"
#include "cli/profile_kernel.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "cli/trials.hpp"
#include "executor/metric_catalogue.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

using nlohmann::json;

struct ProfileOptions {
  bool list = false;
  std::string filter;
  std::string kernel;
  std::string database;
  HardwareChoice hardware;
  bool json = false;
};

bool wanted(const Metric& metric, const std::string& filter) {
  return filter.empty() || metric.name.find(filter) != std::string::npos ||
         metric.description.find(filter) != std::string::npos;
}

void list_metrics(const ProfileOptions& options, const Context& context) {
  const Hardware hardware = options.hardware.resolve(context);
  if (hardware.kind == Hardware::Kind::cpu)
    throw Error(ErrorKind::usage, "profile --list: counters are read on GPUs; give --gpu NAME");
  const std::string chip = chip_of(hardware);
  if (chip.empty())
    throw Error(ErrorKind::unavailable, hardware.name + ": no chip that CUPTI names is known for it");
  const cupti::Library cupti(cuda_search(context));
  const MetricCatalogue catalogue(cupti, chip);
  std::vector<Metric> all = catalogue.metrics();
  std::map<cupti::MetricType, std::vector<std::string>> suffixes;
  for (const Metric& metric : all)
    if (!suffixes.contains(metric.type)) suffixes[metric.type] = catalogue.suffixes(metric);
  const std::size_t known = all.size();
  std::erase_if(all, [&](const Metric& metric) { return !wanted(metric, options.filter); });
  const auto collected = catalogue.collected();
  if (options.json) {
    json document = {{"schema", "perftune.metrics/1"}, {"hardware", hardware.name}, {"chip", chip},
                     {"metrics", json::array()}, {"collected", json::object()}, {"suffixes", json::object()}};
    for (const Metric& metric : all)
      document["metrics"].push_back({{"name", metric.name}, {"type", name(metric.type)},
                                     {"unit", metric.unit}, {"description", metric.description}});
    for (const CollectedMetric& metric : collected) document["collected"][metric.key] = metric.name;
    for (const auto& [type, endings] : suffixes) document["suffixes"][std::string(name(type))] = endings;
    context.print(json_text(document));
    return;
  }
  TextTable table({"metric", "type", "unit", "what"});
  for (const Metric& metric : all)
    table.add({metric.name, std::string(name(metric.type)), metric.unit, metric.description});
  context.print(table.text());
  context.say(fmt::format("{} of {} metrics of {} ({}), without a device; `profile KERNEL` collects {} of them",
                          all.size(), known, chip, hardware.name, collected.size()));
}

void profile(const ProfileOptions& options, Context& context) {
  if (options.list) return list_metrics(options, context);
  if (options.kernel.empty())
    throw Error(ErrorKind::usage, "profile: nothing named; give a KERNEL of the store, or --list --gpu NAME");
  profile_kernel(options.kernel, options.database, options.json, context);
}

}  // namespace

void add_profile(CLI::App& app, Context& context) {
  auto options = std::make_shared<ProfileOptions>();
  auto* command = app.add_subcommand("profile", "Hardware counters: of a chip (--list), or of a kernel that runs");
  command->add_option("kernel", options->kernel, "Kernel of the store, by id or the start of one");
  command->add_flag("--list", options->list, "Every metric of --gpu NAME, with or without that GPU");
  command->add_option("--filter", options->filter, "With --list: names or descriptions that hold this text");
  command->add_option("--db", options->database, "Store (default $PERFTUNE_DB)");
  add_json_option(*command, options->json);
  options->hardware.add_options(*command);
  command->callback([options, &context] { profile(*options, context); });
}

}  // namespace perftune
