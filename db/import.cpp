#include "db/import.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>

#include "db/digest.hpp"
#include "db/rows.hpp"
#include "db/sqlite.hpp"
#include "recipes/error.hpp"
#include "recipes/hardware_file.hpp"

namespace perftune {

namespace {

// A device of the catalogue if the names agree, else a row of its own without a description.
HardwareRecord hardware_record(const std::string& device) {
  for (const Hardware& hardware : hardware_catalogue()) {
    if (hardware.vendor_name == device || hardware.name == device) return describe(hardware);
  }
  HardwareRecord record;
  for (const char c : device) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) != 0)
      record.name += static_cast<char>(std::tolower(u));
    else if (!record.name.empty() && record.name.back() != '-')
      record.name += '-';
  }
  record.vendor_name = device;
  return record;
}

OperatorRecord operator_record(const TuningFile& tuning) {
  OperatorRecord record;
  record.signature = fmt::format("imported {:?} {}", tuning.kernel, fmt::join(tuning.problem, " "));
  record.structure = fmt::format("imported {:?}", tuning.kernel);
  record.name = tuning.kernel;
  record.family = "imported";
  record.dtype = "unknown";
  record.dims = tuning.problem;
  record.flops = tuning.flops;
  return record;
}

KernelRecord kernel_record(const TuningFile& tuning, const TuningFile::Result& result) {
  KernelRecord record;
  record.family = "imported";
  record.target = "imported";
  record.program = "imported imported";
  for (const auto& [name, value] : result.configuration) {
    record.program += fmt::format(" {}={}", name, value);
  }
  record.id = Digest().add(tuning.kernel).add(record.program).hex().substr(0, 16);
  record.language = "imported";
  return record;
}

// Deterministic, so that importing again finds the same run.
std::int64_t put_run(sqlite::Database& database, const TuningFile& tuning, const char* command) {
  const std::string uid =
      Digest().add(command).add(tuning.device).add(operator_record(tuning).signature).hex();
  std::int64_t first = 0, last = 0;
  for (const auto& result : tuning.results) {
    if (first == 0 || result.taken_at_ms < first) first = result.taken_at_ms;
    last = std::max(last, result.taken_at_ms);
  }
  sqlite::Query insert = database.query(
      "INSERT OR IGNORE INTO runs (uid, command, seed, state, started_at_ms, ended_at_ms) "
      "VALUES (?, ?, 0, 'finished', ?, ?)");
  insert.bind(uid).bind(command).bind(first).bind(last).run();
  sqlite::Query found = database.query("SELECT id FROM runs WHERE uid = ?");
  found.bind(uid).step();
  return found.integer(0);
}

const char* tool_of(TuningFormat format) {
  return format == TuningFormat::t4 ? "t4" : format == TuningFormat::csv ? "csv" : "kernel_tuner";
}

std::vector<TuningFile> read_files(const std::string& text, const std::string& path, TuningFormat format,
                                   const ImportOptions& options) {
  std::vector<TuningFile> files;
  if (format == TuningFormat::csv) files = parse_csv(text, path);
  else files.push_back(format == TuningFormat::t4 ? parse_t4(text, path) : parse_kernel_tuner(text, path));
  for (TuningFile& tuning : files) {
    if (!options.device.empty()) tuning.device = options.device;
    if (!options.kernel.empty()) tuning.kernel = options.kernel;
    if (tuning.kernel.empty()) tuning.kernel = std::filesystem::path(path).stem().string();
    if (tuning.device.empty()) {
      throw Error(ErrorKind::usage,
                  fmt::format("{}: does not say which device was measured; name it", path));
    }
  }
  return files;
}

void put_file(sqlite::Database& database, const TuningFile& tuning, const char* tool, ImportReport& report) {
  const std::string command = fmt::format("import {}", tool);
  const std::int64_t run = put_run(database, tuning, command.c_str());
  MeasurementRecord row;
  const HardwareRecord hardware = hardware_record(tuning.device);
  row.hardware = sqlite::put(database, hardware, sqlite::now_ms());
  row.op = sqlite::put(database, operator_record(tuning));
  row.toolchain = {hardware.arch, tool, "", ""};
  row.policy = fmt::format("imported {}", tool);
  std::optional<WinnerRecord> best;
  for (const auto& result : tuning.results) {
    row.kernel = kernel_record(tuning, result);
    row.outcome = result.outcome;
    // What the file does not date counts as taken at the epoch, not at the time of the import.
    row.provenance.taken_at_ms = std::max<std::int64_t>(result.taken_at_ms, 1);
    sqlite::put(database, RunId{run}, row);
    ++report.configurations;
    const auto& timing = result.outcome.timing;
    ++(timing ? report.valid : report.invalid);
    if (timing && (!best || timing->median_us < *best->measured_us)) {
      best = WinnerRecord{.kernel = row.kernel,
                          .toolchain = row.toolchain,
                          .basis = Basis::measured,
                          .measured_us = timing->median_us,
                          .decided_at_ms = row.provenance.taken_at_ms};
    }
  }
  if (!best) return;
  const std::int64_t build = sqlite::put_build(database, sqlite::put(database, best->kernel),
                                               sqlite::put(database, best->toolchain));
  sqlite::put_winner(database,
                     {.op = static_cast<std::int64_t>(row.op),
                      .hardware = static_cast<std::int64_t>(row.hardware),
                      .policy = sqlite::put_policy(database, row.policy),
                      .build = build,
                      .run = run},
                     *best);
}

}  // namespace

ImportReport import_file(Store& store, const std::string& path, const ImportOptions& options) {
  const std::string text = read_maybe_gzip(path);
  ImportReport report;
  report.format = recognise_tuning_format(text, path);
  const std::vector<TuningFile> files = read_files(text, path, report.format, options);
  report.subjects = static_cast<std::int64_t>(files.size());
  if (!files.empty()) report.device = files.front().device, report.kernel = files.front().kernel;

  sqlite::Database& database = store.database();
  sqlite::Transaction transaction(database);
  const auto measurements = [&] {
    sqlite::Query count = database.query("SELECT count(*) FROM measurements");
    return count.step() ? count.integer(0) : 0;
  };
  const std::int64_t before = measurements();
  for (const TuningFile& tuning : files) put_file(database, tuning, tool_of(report.format), report);
  report.added = measurements() - before;
  transaction.commit();
  return report;
}

}  // namespace perftune
