// The results of one tuning run as other tools write them down: T4 autotuning JSON, Kernel
// Tuner's cache, CSV. Pure: text to value and back.
//
//   Kernel Tuner cache   https://github.com/KernelTuner/kernel_tuner  schema/cache/1.1.0
//   T4 results           https://github.com/odgaard/TuningSchema      T4/1.0.0
//
// Their times are milliseconds; ours microseconds. Error{usage} names the file and the field.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "db/outcome.hpp"
#include "recipes/operator.hpp"

namespace perftune {

struct TuningFile {
  std::string device;  // "NVIDIA GeForce RTX 3090"; T4 files do not know it
  std::string kernel;  // "Xgemm"; T4 files do not know it
  Dims problem;        // x, y, z
  double flops = 0;    // per launch; 0: unknown

  struct Result {
    std::map<std::string, std::string> configuration;  // parameter -> its value as JSON text
    Outcome outcome;
    std::int64_t taken_at_ms = 0;
  };
  std::vector<std::string> parameters;  // in the file's order
  std::vector<Result> results;
};

// `file` is shown in messages.
TuningFile parse_kernel_tuner(const std::string& text, const std::string& file);
std::string format_kernel_tuner(const TuningFile& tuning);

TuningFile parse_t4(const std::string& text, const std::string& file);
std::string format_t4(const TuningFile& tuning);

// One per operator, shape and device that the rows name; those that they do not name stay empty. The
// time is in a column measured_us, time_us, time_ms or time_s; what is no column of `perftune query`
// is a parameter. Error{usage} names line and column.
std::vector<TuningFile> parse_csv(const std::string& text, const std::string& file);

// Which of them a text is; Error{usage} when it is none.
enum class TuningFormat { kernel_tuner, t4, csv };
TuningFormat recognise_tuning_format(const std::string& text, const std::string& file);

}  // namespace perftune
