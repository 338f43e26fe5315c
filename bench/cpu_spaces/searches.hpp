// Tunes replayed over the recording: the white box alone beside the learned part, and how good either is
// against the exhaustive measurement.
#pragma once

#include <string>
#include <vector>

#include "bench/cpu_spaces/spaces.hpp"
#include "tuner/candidate_search.hpp"
#include "tuner/slices.hpp"

namespace perftune::bench {

// One line per operator, each with a model trained on all others, then the totals.
std::string search_table(const std::vector<CpuSpace>& spaces, const Hardware& hardware, const Slices& slices,
                         const SearchOptions& options);

// Errors by family and limiter, top-1 and top-10 scores, coverage.
std::string quality_table(const std::vector<CpuSpace>& spaces, const Hardware& hardware, const Slices& slices);

}  // namespace perftune::bench
