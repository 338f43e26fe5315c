#include <fmt/format.h>

#include "db/iso_time.hpp"
#include "db/tuning_file.hpp"
#include "db/tuning_file_parts.hpp"

namespace perftune {

namespace {

constexpr const char* axes[] = {"x", "y", "z"};

// An array of integers, one integer, or a text that is one or several ("4096", "(64, 64)").
Dims problem_of(const JsonField& field) {
  const nlohmann::json& value = field.json();
  Dims problem;
  const auto add = [&](std::int64_t extent) {
    if (problem.size() == 3) field.fail("has more than three dimensions");
    problem[axes[problem.size()]] = extent;
  };
  if (value.is_array()) {
    for (std::size_t i = 0; i < field.size(); ++i) {
      add(static_cast<std::int64_t>(field.at(i).number()));
    }
  } else if (value.is_number_integer()) {
    add(value.get<std::int64_t>());
  } else {
    std::int64_t number = -1;
    for (const char c : field.text() + " ") {
      if (c >= '0' && c <= '9' && number < (std::int64_t{1} << 58)) {
        number = std::max<std::int64_t>(number, 0) * 10 + (c - '0');
      } else if (number >= 0) {
        add(std::exchange(number, -1));
      }
    }
  }
  return problem;
}

// Failed configurations carry the name of the failure instead of a time; before version 1.0 of the
// format it was a time of 1e20.
void read_outcome(const JsonField& time, const JsonField& entry, Outcome& outcome) {
  if (time.json().is_string()) {
    outcome.detail = time.text();
    outcome.kind = outcome.detail == "CompilationFailedConfig" ? OutcomeKind::compile_failed
                   : outcome.detail == "RuntimeFailedConfig"   ? OutcomeKind::launch_failed
                                                               : OutcomeKind::rejected;
    return;
  }
  const double time_ms = time.number();
  if (!(time_ms > 0 && time_ms < 1e19)) {
    outcome.kind = OutcomeKind::rejected;
    outcome.detail = fmt::format("time {}", time_ms);
    return;
  }
  outcome.kind = OutcomeKind::timed;
  std::vector<double> samples_us;
  if (entry.has("times")) samples_us = entry.at("times", "an array of numbers").numbers();
  for (double& sample : samples_us) sample *= 1e3;
  outcome.timing = timing_of(time_ms * 1e3, std::move(samples_us));
}

double seconds_of(const JsonField& entry, const char* name) {
  return entry.has(name) ? entry.at(name, "a number").number() / 1e3 : 0;
}

const char* failure_name(const Outcome& outcome) {
  switch (outcome.kind) {
    case OutcomeKind::compile_failed:
      return "CompilationFailedConfig";
    case OutcomeKind::rejected:
      return "InvalidConfig";
    default:
      return "RuntimeFailedConfig";
  }
}

}  // namespace

TuningFile parse_kernel_tuner(const std::string& text, const std::string& file) {
  const nlohmann::json document = JsonField::parse(file, text);
  const JsonField root(file, document);
  TuningFile tuning;
  tuning.device = root.at("device_name", "a text").text();
  tuning.kernel = root.at("kernel_name", "a text").text();
  tuning.problem = problem_of(root.at("problem_size", "an array of integers"));
  const JsonField keys = root.at("tune_params_keys", "an array of texts").array();
  for (std::size_t i = 0; i < keys.size(); ++i) tuning.parameters.push_back(keys.at(i).text());

  const JsonField cache = root.at("cache", "an object").object();
  for (const auto& [key, value] : cache.json().items()) {
    const JsonField entry = cache.at(key, "an object").object();
    TuningFile::Result result;
    result.configuration = configuration_of(entry, tuning.parameters);
    read_outcome(entry.at("time", "a number, or the name of a failure"), entry, result.outcome);
    result.outcome.compile_seconds = seconds_of(entry, "compile_time");
    result.outcome.verify_seconds = seconds_of(entry, "verification_time");
    result.outcome.measure_seconds = seconds_of(entry, "benchmark_time");
    result.taken_at_ms = timestamp_of(entry);
    if (tuning.flops == 0 && result.outcome.timing && entry.has("GFLOP/s")) {
      // Rounded: a count of operations that went through a rate and a mean is not exact.
      tuning.flops =
          entry.at("GFLOP/s", "a number").number() * 1e6 * entry.at("time", "a number").number();
    }
    tuning.results.push_back(std::move(result));
  }
  return tuning;
}

std::string format_kernel_tuner(const TuningFile& tuning) {
  nlohmann::ordered_json document;
  document["schema_version"] = "1.1.0";
  document["device_name"] = tuning.device;
  document["kernel_name"] = tuning.kernel;
  document["problem_size"] = nlohmann::ordered_json::array();
  for (const auto& [axis, extent] : tuning.problem) document["problem_size"].push_back(extent);
  document["tune_params_keys"] = tuning.parameters;
  auto& values = document["tune_params"] = nlohmann::ordered_json::object();
  for (const std::string& name : tuning.parameters) {
    std::map<std::string, bool> seen;
    values[name] = nlohmann::ordered_json::array();
    for (const auto& result : tuning.results) {
      const std::string& value = result.configuration.at(name);
      if (seen.emplace(value, true).second) {
        values[name].push_back(nlohmann::ordered_json::parse(value));
      }
    }
  }
  document["objective"] = "time";
  auto& cache = document["cache"] = nlohmann::ordered_json::object();
  for (const auto& result : tuning.results) {
    std::string key;
    nlohmann::ordered_json entry;
    for (const std::string& name : tuning.parameters) {
      const auto value = nlohmann::ordered_json::parse(result.configuration.at(name));
      key +=
          (key.empty() ? "" : ",") + (value.is_string() ? value.get<std::string>() : value.dump());
      entry[name] = value;
    }
    const Outcome& outcome = result.outcome;
    if (outcome.timing) {
      const double time_ms = mean_us(*outcome.timing) / 1e3;
      entry["time"] = time_ms;
      entry["times"] = nlohmann::ordered_json::array();
      for (const double us : outcome.timing->samples_us) entry["times"].push_back(us / 1e3);
      if (tuning.flops > 0) entry["GFLOP/s"] = tuning.flops / time_ms / 1e6;
    } else {
      entry["time"] = failure_name(outcome);
    }
    entry["compile_time"] = outcome.compile_seconds * 1e3;
    entry["verification_time"] = outcome.verify_seconds * 1e3;
    entry["benchmark_time"] = outcome.measure_seconds * 1e3;
    entry["strategy_time"] = 0;
    entry["framework_time"] = 0;
    entry["timestamp"] = format_iso_time(result.taken_at_ms);
    cache[key] = std::move(entry);
  }
  return document.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace perftune
