// What a learned model learns from: every candidate of the store that was timed and can be built
// again, with what it takes to predict it again.
#pragma once

#include <string>
#include <vector>

#include "db/store.hpp"

namespace perftune {

struct TimedRow {
  std::string signature, definition;  // parse_operator_text reads the definition
  std::string hardware, vendor_name;
  std::string description;            // parse_hardware reads it
  std::string policy;
  std::string program;                // canonical text
  Resources resources;                // the compiler's facts
  double measured_us = 0;
};

// One row per operator, hardware, policy and program: the latest confirmation, else the latest
// screening. Ordered by operator, hardware and policy. Imported measurements, which no family can
// predict, are left out. `hardware` empty: all.
std::vector<TimedRow> timed_rows(Store& store, std::string_view hardware = {}, std::string_view vendor_name = {});

// How many there are, without reading them.
std::int64_t count_timed(Store& store, std::string_view hardware, std::string_view vendor_name);

}  // namespace perftune
