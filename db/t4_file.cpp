#include <fmt/format.h>

#include "db/iso_time.hpp"
#include "db/tuning_file.hpp"
#include "db/tuning_file_parts.hpp"

namespace perftune {

namespace {

struct Invalidity {
  const char* word;
  OutcomeKind kind;
};
// Reading takes the first match of a word, writing the first match of a kind.
constexpr Invalidity invalidities[] = {
    {"correct", OutcomeKind::timed},          {"correct", OutcomeKind::noisy},
    {"compile", OutcomeKind::compile_failed}, {"constraints", OutcomeKind::rejected},
    {"runtime", OutcomeKind::launch_failed},  {"runtime", OutcomeKind::crashed},
    {"timeout", OutcomeKind::timed_out},      {"correctness", OutcomeKind::wrong_result},
};

OutcomeKind kind_of(const JsonField& field) {
  const std::string word = field.text();
  for (const Invalidity& each : invalidities) {
    if (word == each.word) return each.kind;
  }
  field.fail("should be timeout, compile, runtime, correctness, constraints or correct");
}

const char* word_of(OutcomeKind kind) {
  for (const Invalidity& each : invalidities) {
    if (kind == each.kind) return each.word;
  }
  return "runtime";
}

double microseconds_per(const JsonField& unit) {
  const std::string text = unit.text();
  if (text == "ms" || text == "milliseconds") return 1e3;
  if (text == "s" || text == "seconds") return 1e6;
  if (text == "us" || text == "microseconds") return 1;
  if (text == "ns" || text == "nanoseconds") return 1e-3;
  unit.fail("should be ms, s, us or ns for a time");
}

// The measurement called "time" (or "runtime"), with its unit; the raw run times share it.
std::optional<Timing> read_time(const JsonField& result, const JsonField& times) {
  if (!result.has("measurements")) return std::nullopt;
  const JsonField list = result.at("measurements", "an array").array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const JsonField measurement = list.at(i);
    const std::string name = measurement.at("name", "a text").text();
    if (name != "time" && name != "runtime") continue;
    const double us =
        measurement.has("unit") ? microseconds_per(measurement.at("unit", "a text")) : 1e3;
    std::vector<double> samples_us;
    if (times.has("runtimes")) samples_us = times.at("runtimes", "an array of numbers").numbers();
    for (double& sample : samples_us) sample *= us;
    const double value = measurement.at("value", "a number").number();
    if (value <= 0) measurement.at("value", "").fail("should be a positive time");
    return timing_of(value * us, std::move(samples_us));
  }
  return std::nullopt;
}

// T4 names the same times differently from one writer to the next.
double seconds_of(const JsonField& times, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (times.has(name)) return times.at(name, "a number").number() / 1e3;
  }
  return 0;
}

}  // namespace

TuningFile parse_t4(const std::string& text, const std::string& file) {
  const nlohmann::json document = JsonField::parse(file, text);
  const JsonField root(file, document);
  TuningFile tuning;
  if (root.has("metadata")) {
    const JsonField metadata = root.at("metadata", "an object");
    if (metadata.has("device_name")) tuning.device = metadata.at("device_name", "").text();
    if (metadata.has("kernel_name")) tuning.kernel = metadata.at("kernel_name", "").text();
    if (metadata.has("problem")) {
      const JsonField problem = metadata.at("problem", "").object();
      for (const auto& [dim, extent] : problem.json().items()) {
        tuning.problem[dim] = static_cast<std::int64_t>(problem.at(dim, "").number());
      }
    }
    if (metadata.has("flops")) tuning.flops = metadata.at("flops", "").number();
  }
  const JsonField results = root.at("results", "an array").array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    const JsonField entry = results.at(i).object();
    const JsonField configuration = entry.at("configuration", "an object").object();
    std::vector<std::string> parameters;
    for (const auto& [name, value] : configuration.json().items()) parameters.push_back(name);
    if (i == 0) tuning.parameters = parameters;

    const JsonField times = entry.at("times", "an object").object();
    TuningFile::Result result;
    result.configuration = configuration_of(configuration, parameters);
    result.outcome.kind = kind_of(entry.at("invalidity", "a text"));
    const double correctness = entry.at("correctness", "a number").number();
    if (result.outcome.kind == OutcomeKind::timed) {
      if (correctness <= 0)
        result.outcome.kind = OutcomeKind::wrong_result;
      else
        result.outcome.timing = read_time(entry, times);
      if (correctness > 0 && !result.outcome.timing) {
        entry.fail("says \"correct\", but has no measurement named \"time\"");
      }
    }
    result.outcome.compile_seconds = seconds_of(times, {"compilation_time", "compilation"});
    result.outcome.verify_seconds = seconds_of(times, {"validation"});
    result.outcome.measure_seconds = seconds_of(times, {"benchmark"});
    result.taken_at_ms = timestamp_of(entry);
    tuning.results.push_back(std::move(result));
  }
  return tuning;
}

std::string format_t4(const TuningFile& tuning) {
  using Json = nlohmann::ordered_json;
  Json document;
  document["schema_version"] = "1.0.0";
  // Not part of the schema, which leaves room: without them a file says nothing of what it
  // measured.
  document["metadata"] = {{"device_name", tuning.device}, {"kernel_name", tuning.kernel}};
  for (const auto& [dim, extent] : tuning.problem) document["metadata"]["problem"][dim] = extent;
  if (tuning.flops > 0) document["metadata"]["flops"] = tuning.flops;
  auto& results = document["results"] = Json::array();
  for (const auto& result : tuning.results) {
    const Outcome& outcome = result.outcome;
    Json entry;
    entry["timestamp"] = format_iso_time(result.taken_at_ms);
    entry["configuration"] = Json::object();
    for (const auto& [name, value] : result.configuration) {
      entry["configuration"][name] = Json::parse(value);
    }
    entry["objectives"] = {"time"};
    Json& times = entry["times"];
    times["compilation_time"] = outcome.compile_seconds * 1e3;
    times["benchmark"] = outcome.measure_seconds * 1e3;
    times["framework"] = 0;
    times["search_algorithm"] = 0;
    times["validation"] = outcome.verify_seconds * 1e3;
    times["runtimes"] = Json::array();
    if (outcome.timing) {
      for (const double us : outcome.timing->samples_us) times["runtimes"].push_back(us / 1e3);
    }
    entry["invalidity"] = word_of(outcome.kind);
    entry["correctness"] = outcome.kind == OutcomeKind::wrong_result ? 0 : 1;
    entry["measurements"] = Json::array();
    if (outcome.timing) {
      entry["measurements"].push_back(
          {{"name", "time"}, {"value", mean_us(*outcome.timing) / 1e3}, {"unit", "ms"}});
    }
    results.push_back(std::move(entry));
  }
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace perftune
