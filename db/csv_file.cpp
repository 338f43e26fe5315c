// Measurements as CSV (RFC 4180): our own `db export --format csv`, or a table of anyone's with one row
// per configuration, a column for the time and a column for each parameter.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "db/iso_time.hpp"
#include "db/tuning_file.hpp"
#include "db/tuning_file_parts.hpp"
#include "recipes/error.hpp"

namespace perftune {

namespace {

struct Field {
  std::string text;
  int line = 1, column = 1;
};

class CsvReader {
 public:
  CsvReader(const std::string& text, std::string file) : text_(text), file_(std::move(file)) {}

  // The next record; empty at the end. Blank lines are skipped.
  std::vector<Field> record() {
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) advance();
    std::vector<Field> fields;
    while (at_ < text_.size()) {
      fields.push_back(field());
      if (at_ >= text_.size() || text_[at_] != ',') break;
      advance();
    }
    return fields;
  }

  [[noreturn]] void fail(const Field& at, const std::string& what) const {
    throw Error(ErrorKind::usage, fmt::format("{}:{}:{}: {}", file_, at.line, at.column, what));
  }

 private:
  char advance() {
    const char c = text_[at_++];
    if (c == '\n') ++line_, column_ = 1;
    else ++column_;
    return c;
  }

  Field field() {
    Field out{"", line_, column_};
    if (at_ < text_.size() && text_[at_] == '"') {
      advance();
      while (true) {
        if (at_ >= text_.size()) fail(out, "a quoted field that never ends; close it with \"");
        const char c = advance();
        if (c != '"') out.text += c;
        else if (at_ < text_.size() && text_[at_] == '"') out.text += advance();
        else break;
      }
      if (at_ < text_.size() && std::string_view(",\r\n").find(text_[at_]) == std::string_view::npos)
        fail(out, "text after a closing quote; double quotes inside a quoted field");
      return out;
    }
    while (at_ < text_.size() && std::string_view(",\r\n").find(text_[at_]) == std::string_view::npos) out.text += advance();
    return out;
  }

  const std::string& text_;
  std::string file_;
  std::size_t at_ = 0;
  int line_ = 1, column_ = 1;
};

// Columns that mean something; every other one is a parameter of the configuration.
constexpr std::pair<const char*, double> time_columns[] = {
    {"measured_us", 1}, {"time_us", 1}, {"time_ms", 1e3}, {"time_s", 1e6}, {"time", 1e3}};
constexpr const char* fact_columns[] = {
    "operator", "dims", "family", "dtype", "hardware", "vendor_name", "arch", "target", "kernel", "program", "status",
    "basis", "predicted_us", "predicted_low_us", "predicted_high_us", "spread", "samples", "limiter", "roofline_us",
    "fraction", "tflops", "flops", "bytes", "verified_by", "registers", "shared_bytes", "spill_bytes", "ties", "phase",
    "detail", "policy", "compiler", "flags", "codegen_version", "driver", "host", "clock_mhz", "command", "taken_at",
    "signature"};

std::optional<double> number_in(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// A number stays as it was written, anything else becomes a JSON text.
std::string json_text(const std::string& value) {
  if (nlohmann::json::accept(value) && nlohmann::json::parse(value).is_primitive()) return value;
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// In a program's text spaces and '=' part names from values.
std::string parameter_name(std::string name) {
  for (char& c : name)
    if (std::isspace(static_cast<unsigned char>(c)) != 0 || c == '=') c = '_';
  return name;
}

// "m=64 n=32"
Dims dims_in(const CsvReader& reader, const Field& field) {
  Dims dims;
  for (const auto& [name, value] : program_configuration("- - " + field.text)) {
    const auto extent = number_in(value);
    if (!extent || *extent < 1 || *extent != std::floor(*extent) || *extent > 9e15)
      reader.fail(field, fmt::format("dims {:?} should be like m=64 n=32", field.text));
    dims[name] = static_cast<std::int64_t>(*extent);
  }
  return dims;
}

class Table {
 public:
  Table(const std::string& text, const std::string& file) : reader_(text, file) {
    header_ = reader_.record();
    if (header_.empty()) throw Error(ErrorKind::usage, file + ":1:1: an empty file; the first line names the columns");
    for (std::size_t i = 0; i < header_.size(); ++i) {
      if (header_[i].text.empty()) reader_.fail(header_[i], "a column without a name");
      if (!columns_.emplace(header_[i].text, i).second)
        reader_.fail(header_[i], fmt::format("column {:?} is named twice", header_[i].text));
    }
    for (const auto& [name, scale] : time_columns)
      if (columns_.contains(name) && time_.empty()) time_ = name, us_per_unit_ = scale;
    if (time_.empty()) reader_.fail(header_[0], "no column with a time; name one measured_us, time_us, time_ms or time_s");
  }

  std::vector<TuningFile> read() {
    // A file per operator, shape and device, in the order in which they come.
    std::map<std::tuple<std::string, Dims, std::string>, std::size_t> places;
    std::vector<TuningFile> files;
    for (auto row = reader_.record(); !row.empty(); row = reader_.record()) {
      if (row.size() != header_.size())
        reader_.fail(row[0], fmt::format("{} fields, but the header names {} columns", row.size(), header_.size()));
      TuningFile one;
      if (const Field* f = find(row, "operator")) one.kernel = f->text;
      if (const Field* f = find(row, "dims")) one.problem = dims_in(reader_, *f);
      for (const char* name : {"vendor_name", "hardware"})
        if (const Field* f = find(row, name); f != nullptr && one.device.empty()) one.device = f->text;
      if (const Field* f = find(row, "flops")) one.flops = number_in(f->text).value_or(0);
      const auto [at, added] = places.try_emplace({one.kernel, one.problem, one.device}, files.size());
      TuningFile::Result result = result_of(row);
      if (result.outcome.kind == OutcomeKind::pending) continue;  // nothing is known of it yet
      if (added) files.push_back(std::move(one));
      files[at->second].results.push_back(std::move(result));
    }
    return files;
  }

 private:
  const Field* find(const std::vector<Field>& row, const std::string& column) const {
    const auto at = columns_.find(column);
    return at == columns_.end() || row[at->second].text.empty() ? nullptr : &row[at->second];
  }

  TuningFile::Result result_of(const std::vector<Field>& row) const {
    TuningFile::Result result;
    if (const Field* f = find(row, "program")) result.configuration = program_configuration(f->text);
    if (const Field* f = find(row, "target"); f != nullptr && f->text != "imported") result.configuration["target"] = json_text(f->text);
    for (const auto& [name, at] : columns_)
      if (name != time_ && std::find(std::begin(fact_columns), std::end(fact_columns), name) == std::end(fact_columns))
        result.configuration[parameter_name(name)] = json_text(row[at].text);
    Outcome& outcome = result.outcome;
    const Field* time = find(row, time_);
    outcome.kind = time != nullptr ? OutcomeKind::timed : OutcomeKind::launch_failed;
    if (const Field* f = find(row, "status")) {
      const auto kind = parse_outcome_kind(f->text);
      if (!kind) reader_.fail(*f, fmt::format("status {:?} should be one of timed, noisy, compile_failed, rejected, launch_failed, "
                                              "crashed, timed_out or wrong_result", f->text));
      outcome.kind = *kind;
    }
    if (time != nullptr) {
      const auto value = number_in(time->text);
      if (!value || *value <= 0) reader_.fail(*time, fmt::format("{} {:?} should be a positive number", time_, time->text));
      outcome.timing = timing_of(*value * us_per_unit_, {});
      if (const Field* f = find(row, "spread")) outcome.timing->spread = number_in(f->text).value_or(0);
    } else if (outcome.kind == OutcomeKind::timed || outcome.kind == OutcomeKind::noisy) {
      reader_.fail(row[0], fmt::format("a row that was timed, without {}", time_));
    }
    if (const Field* f = find(row, "detail")) outcome.detail = f->text;
    if (const Field* f = find(row, "taken_at")) {
      const auto taken = parse_iso_time(f->text);
      if (!taken) reader_.fail(*f, fmt::format("taken_at {:?} should be a date like 2023-02-13T19:27:48Z", f->text));
      result.taken_at_ms = *taken;
    }
    return result;
  }

  CsvReader reader_;
  std::vector<Field> header_;
  std::map<std::string, std::size_t> columns_;
  std::string time_;
  double us_per_unit_ = 1;
};

}  // namespace

std::vector<TuningFile> parse_csv(const std::string& text, const std::string& file) { return Table(text, file).read(); }

}  // namespace perftune
