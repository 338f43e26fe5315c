// The recording: operators of all families on this CPU, every candidate that is constructed for them,
// and how long each took. One CSV row per candidate; replays need no device.
#pragma once

#include <string>
#include <vector>

#include "recipes/hardware.hpp"
#include "tuner/rank.hpp"

namespace perftune::bench {

struct RecordedTimes {
  double screened_us = 0;   // one candidate after the other, as a tune screens
  double confirmed_us = 0;  // in rounds with all others
  double repeated_us = 0;   // the same again: what separates it from confirmed_us is noise
};

struct CpuSpace {
  std::string name;  // as cpu_ops/cases.hpp reads it
  Operator op;
  std::vector<TileProgram> programs;
  std::vector<RecordedTimes> times;  // one per program
};

// About forty operators whose kernels take a few milliseconds at most.
const std::vector<std::string>& space_names();

std::string header();
std::string row(const std::string& name, const TileProgram& program, const RecordedTimes& times);
// Rows in the file's order; plain or gzipped. Throws Error{usage} with the line that cannot be read.
std::vector<CpuSpace> read_spaces(const std::string& path);

}  // namespace perftune::bench
