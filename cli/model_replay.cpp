// `perftune model replay FILE`: the search against a recorded space, no device needed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/json_text.hpp"
#include "cli/render.hpp"
#include "cli/text_table.hpp"
#include "costmodel/replay.hpp"
#include "db/import.hpp"
#include "recipes/error.hpp"

namespace perftune {
namespace {

struct ReplayOptions {
  std::string file;
  int seeds = 20;
  int budget = 60;
  bool json = false;
};

// Numbers as they are; words by their rank among the words of that parameter.
double as_number(const nlohmann::json& value, std::vector<std::string>& words) {
  if (value.is_number()) return value.get<double>();
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  const std::string word = value.dump();
  auto at = std::find(words.begin(), words.end(), word);
  if (at == words.end()) at = words.insert(words.end(), word);
  return static_cast<double>(at - words.begin());
}

TuningFile read_file(const std::string& path) {
  if (!std::filesystem::exists(path)) throw Error(ErrorKind::usage, path + ": no such file; expected a recorded space");
  const std::string text = read_maybe_gzip(path);
  switch (recognise_tuning_format(text, path)) {
    case TuningFormat::kernel_tuner: return parse_kernel_tuner(text, path);
    case TuningFormat::t4: return parse_t4(text, path);
    case TuningFormat::csv: break;
  }
  auto files = parse_csv(text, path);
  if (files.size() != 1)
    throw Error(ErrorKind::usage, fmt::format("{}: {} operators, shapes or devices; a search has one", path, files.size()));
  return std::move(files.front());
}

RecordedSpace space_of(const TuningFile& file, const std::string& path) {
  RecordedSpace space;
  space.parameters = file.parameters;
  std::vector<std::vector<std::string>> words(file.parameters.size());
  for (const TuningFile::Result& result : file.results) {
    for (std::size_t p = 0; p < file.parameters.size(); ++p) {
      const auto it = result.configuration.find(file.parameters[p]);
      if (it == result.configuration.end())
        throw Error(ErrorKind::usage, fmt::format("{}: a configuration without '{}'; every one needs all parameters", path, file.parameters[p]));
      space.values.push_back(as_number(nlohmann::json::parse(it->second, nullptr, false), words[p]));
    }
    const auto& timing = result.outcome.timing;
    space.times.push_back(timing ? timing->median_us : 0);
  }
  if (space.times.empty()) throw Error(ErrorKind::usage, path + ": holds no configuration");
  return space;
}

using Curves = std::vector<std::vector<double>>;  // share of the best, per seed and evaluation

Curves curves(const RecordedSpace& space, ReplaySearch search, const ReplayOptions& options) {
  const double best = space.best();
  Curves all(static_cast<std::size_t>(options.seeds));
  const auto some = [&](int from) {
    for (int seed = from; seed < options.seeds; seed += 2) {
      auto& curve = all[static_cast<std::size_t>(seed)];
      curve = replay(space, search, options.budget, static_cast<std::uint64_t>(seed));
      for (double& us : curve) us = best / us;  // nothing found yet is infinite: share 0
    }
  };
  auto other = std::async(std::launch::async, some, 1);
  some(0);
  other.get();
  return all;
}

struct Point {
  std::size_t evaluations;
  double median, tenth, worst, share_90, share_95;
};

std::vector<Point> points(const Curves& curves, std::size_t budget) {
  std::vector<Point> out;
  for (std::size_t n : {5UL, 10UL, 15UL, 20UL, 30UL, 45UL, 60UL, 90UL, 120UL, 200UL, budget}) {
    if (n > budget || (!out.empty() && n <= out.back().evaluations)) continue;
    std::vector<double> share;
    for (const auto& curve : curves) share.push_back(curve[n - 1]);
    std::sort(share.begin(), share.end());
    const auto at_least = [&](double level) {
      return static_cast<double>(share.end() - std::lower_bound(share.begin(), share.end(), level)) /
             static_cast<double>(share.size());
    };
    out.push_back({n, share[share.size() / 2], share[share.size() / 10], share.front(), at_least(0.9), at_least(0.95)});
  }
  return out;
}

void replay_file(const ReplayOptions& options, Context& context) {
  const TuningFile file = read_file(options.file);
  const RecordedSpace space = space_of(file, options.file);
  const double best = space.best();
  const auto valid = std::count_if(space.times.begin(), space.times.end(), [](double t) { return t > 0; });
  nlohmann::json searches = nlohmann::json::array();
  TextTable table({"search", ">evaluations", ">median", ">tenth", ">worst", ">90 % of best", ">95 % of best"});
  for (const auto& [name, search] : {std::pair("model", ReplaySearch::model), std::pair("random", ReplaySearch::random)}) {
    const auto budget = std::min(static_cast<std::size_t>(options.budget), space.times.size());
    nlohmann::json list = nlohmann::json::array();
    for (const Point& p : points(curves(space, search, options), budget)) {
      list.push_back({{"evaluations", p.evaluations}, {"median", p.median}, {"tenth", p.tenth}, {"worst", p.worst},
                      {"seeds_at_90", p.share_90}, {"seeds_at_95", p.share_95}});
      table.add({name, fmt::format("{}", p.evaluations), fmt::format("{:.3f}", p.median), fmt::format("{:.3f}", p.tenth),
                 fmt::format("{:.3f}", p.worst), fmt::format("{:.0f} % of seeds", 100 * p.share_90),
                 fmt::format("{:.0f} % of seeds", 100 * p.share_95)});
    }
    searches.push_back({{"search", name}, {"found", list}});
  }
  if (options.json)
    return context.print(json_text(nlohmann::json{{"schema", "perftune.model_replay/1"}, {"file", options.file},
                                        {"configurations", space.times.size()}, {"valid", valid}, {"best_us", best},
                                        {"seeds", options.seeds}, {"searches", searches}}));
  context.print(fmt::format("{}: {} configurations, {} valid, best {}; best found as a share of it, {} seeds\n",
                            options.file, space.times.size(), valid, format_time(best), options.seeds) + table.text());
}

}  // namespace

void add_model_replay(CLI::App& model, Context& context) {
  auto options = std::make_shared<ReplayOptions>();
  auto* command = model.add_subcommand("replay", "The search against a recorded space, beside random search");
  command->add_option("file", options->file, "Kernel Tuner cache, T4 JSON or CSV, gzipped or not")->required();
  command->add_option("--seeds", options->seeds, "Searches of each kind")->check(CLI::Range(1, 10000))->capture_default_str();
  command->add_option("--budget", options->budget, "Evaluations of each")->check(CLI::Range(1, 100000))->capture_default_str();
  add_json_option(*command, options->json);
  command->callback([options, &context] { replay_file(*options, context); });
}

}  // namespace perftune
