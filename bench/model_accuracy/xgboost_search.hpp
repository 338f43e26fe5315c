// The usual way of others (AutoTVM, Chen et al., NeurIPS 2018): boosted trees over the parameters choose what
// to evaluate next. A baseline for replays; only where libxgboost is installed.
#pragma once

#include <cstdint>
#include <vector>

#include "costmodel/replay.hpp"

namespace perftune::bench {

bool have_xgboost();

// Best time found after 1, 2, ... `budget` evaluations; empty without the library.
std::vector<double> xgboost_replay(const RecordedSpace& space, int budget, std::uint64_t seed);

}  // namespace perftune::bench
