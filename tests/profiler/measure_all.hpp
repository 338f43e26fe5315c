// Candidates of one operator through a worker pool of their own, each outcome under its position.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "profiler/measurer.hpp"

namespace perftune {

inline std::map<int, Outcome> measure_all(const WorkerOptions& pool_options, const MeasurerOptions& options,
                                          const EmitterRegistry& emitters, const Operator& op,
                                          const std::string& definition,
                                          const std::vector<TileProgram>& programs) {
  WorkerPool pool(pool_options);
  Measurer measurer(pool, emitters, options);
  for (std::size_t i = 0; i < programs.size(); ++i)
    measurer.submit(static_cast<int>(i), op, definition, programs[i]);
  std::map<int, Outcome> outcomes;
  while (auto trial = measurer.next(WorkerPool::Clock::time_point::max()))
    EXPECT_TRUE(outcomes.emplace(trial->ticket, trial->outcome).second);
  return outcomes;
}

}  // namespace perftune
