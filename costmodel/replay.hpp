// A search replayed against a recorded space: no device, every answer is looked up.
//
// Judges the search itself: best-found time against the number of evaluations, for many seeds,
// beside random search. Pure and deterministic by seed; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace perftune {

// Configurations with their measured times. A time that is not positive and finite means that the
// configuration failed: the search pays for the evaluation and learns only that it is slow.
struct RecordedSpace {
  std::vector<std::string> parameters;
  std::vector<double> values;  // rows x parameters.size()
  std::vector<double> times;   // one per row, any unit
  double best() const;         // least valid time; throws Error{usage} when there is none
};

enum class ReplaySearch : std::uint8_t { random, model };

// Best time found after 1, 2, ... `budget` evaluations.
std::vector<double> replay(const RecordedSpace& space, ReplaySearch search, int budget,
                           std::uint64_t seed);

}  // namespace perftune
