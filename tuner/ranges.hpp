// Which tuned point serves which part of a dynamic dimension's range.
//
// Kernels take extents as run-time arguments, so the winner of one point runs at every extent that its
// tile program is legal for. Adjacent points that one program serves within noise become one entry; the
// gap between two entries belongs to whichever is faster in its geometric middle; there both compete with
// the best fresh candidates for that very shape, and what is lost against the fastest is the regret.
// Measured where the runner measures (interleaved, as winners are), else predicted, and marked so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tuner/slices.hpp"
#include "tuner/trial_runner.hpp"

namespace perftune {

struct TunedPoint {
  Operator op;
  std::int64_t extent = 0;  // of the dynamic dimension
  TileProgram program;      // the winner's
  std::string kernel;       // its id
};

struct DispatchTable {
  struct Entry {
    std::size_t point = 0;  // whose winner serves
    std::int64_t low = 0, high = 0;
    std::optional<double> regret;  // greatest of the probes in it; absent: none was possible
  };
  struct Probe {  // a shape between two points
    std::int64_t extent = 0;
    std::size_t point = 0;  // that serves it
    double us = 0, best_us = 0;
    std::string best;  // the fastest program there
    double regret() const { return us / best_us - 1; }
  };
  std::string dim;
  bool measured = false;
  std::vector<Entry> entries;  // ascending, without gaps
  std::vector<Probe> probes;
};

// `points` ascend and lie within [low, high]; at least one.
DispatchTable build_dispatch(const std::string& dim, std::int64_t low, std::int64_t high,
                             const std::vector<TunedPoint>& points, const Hardware& hardware, const Slices& slices,
                             TrialRunner& runner);

}  // namespace perftune
