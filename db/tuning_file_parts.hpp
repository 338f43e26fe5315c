// What the formats of tuning_file.hpp share. Internal to db/.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "db/json_field.hpp"
#include "db/outcome.hpp"

namespace perftune {

// Median and spread of the samples where there are several, else the reported time.
Timing timing_of(double reported_us, std::vector<double> samples_us);
// Both tools report means.
double mean_us(const Timing& timing);

// The values of `parameters`, all of which must be there, as JSON text.
std::map<std::string, std::string> configuration_of(const JsonField& object,
                                                    const std::vector<std::string>& parameters);
// The values of a program's text, "family target name=value ...": integers, or the JSON texts of an
// imported configuration.
std::map<std::string, std::string> program_configuration(const std::string& program);

// 0 where there is none.
std::int64_t timestamp_of(const JsonField& object);

}  // namespace perftune
