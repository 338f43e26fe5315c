#include "db/tuning_file.hpp"

#include <algorithm>
#include <numeric>

#include "db/iso_time.hpp"
#include "db/json_field.hpp"
#include "db/tuning_file_parts.hpp"

namespace perftune {

TuningFormat recognise_tuning_format(const std::string& text, const std::string& file) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const std::string line = text.substr(0, text.find('\n'));
  if (first != std::string::npos && text[first] != '{' && text[first] != '[' && line.find(',') != std::string::npos)
    return TuningFormat::csv;
  const nlohmann::json document = JsonField::parse(file, text);
  const JsonField root(file, document);
  if (root.has("cache") || root.has("tune_params_keys")) return TuningFormat::kernel_tuner;
  if (root.has("results")) return TuningFormat::t4;
  root.fail("neither a Kernel Tuner cache (no \"cache\") nor T4 results (no \"results\")");
}

Timing timing_of(double reported_us, std::vector<double> samples_us) {
  Timing timing{reported_us, 0, std::move(samples_us)};
  if (timing.samples_us.size() < 2) return timing;
  std::vector<double> sorted = timing.samples_us;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = sorted.size();
  timing.median_us = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  if (timing.median_us > 0) timing.spread = (sorted[3 * n / 4] - sorted[n / 4]) / timing.median_us;
  return timing;
}

double mean_us(const Timing& timing) {
  if (timing.samples_us.empty()) return timing.median_us;
  return std::accumulate(timing.samples_us.begin(), timing.samples_us.end(), 0.0) /
         static_cast<double>(timing.samples_us.size());
}

std::map<std::string, std::string> configuration_of(const JsonField& object,
                                                    const std::vector<std::string>& parameters) {
  std::map<std::string, std::string> configuration;
  for (const std::string& name : parameters) {
    const JsonField value = object.at(name, "the parameter's value");
    if (value.json().is_structured()) value.fail("should be a number, a text or true or false");
    configuration[name] = value.json().dump();
  }
  return configuration;
}

// "family target name=value ...": values are integers, or JSON texts of an imported configuration.
std::map<std::string, std::string> program_configuration(const std::string& program) {
  std::map<std::string, std::string> configuration;
  std::size_t at = program.find(' ', program.find(' ') + 1);
  while (at != std::string::npos && at + 1 < program.size()) {
    const std::size_t equals = program.find('=', at + 1);
    if (equals == std::string::npos) break;
    std::size_t end = equals + 1;
    bool quoted = false;
    for (; end < program.size() && (quoted || program[end] != ' '); ++end) {
      if (program[end] == '\\')
        ++end;
      else if (program[end] == '"')
        quoted = !quoted;
    }
    configuration[program.substr(at + 1, equals - at - 1)] =
        program.substr(equals + 1, end - equals - 1);
    at = end < program.size() ? end : std::string::npos;
  }
  return configuration;
}

std::int64_t timestamp_of(const JsonField& object) {
  if (!object.has("timestamp")) return 0;
  const JsonField field = object.at("timestamp", "a date");
  const auto time = parse_iso_time(field.text());
  if (!time) field.fail("should be a date like 2023-02-13 19:27:48+00:00");
  return *time;
}

}  // namespace perftune
