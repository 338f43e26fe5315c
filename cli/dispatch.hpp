// Dispatch tables of dynamic dimensions, for `tune`: made from the points that were tuned, kept in the
// store for the executor, and shown with the regret between the points.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "db/store.hpp"
#include "recipes/operator_file.hpp"
#include "tuner/ranges.hpp"
#include "tuner/tune_result.hpp"

namespace perftune {

struct DispatchedRange {
  std::string operator_name;
  Dims others;                     // the dimensions that stay
  std::vector<TunedPoint> points;  // ascending
  DispatchTable table;
};

// One per operator, dynamic dimension and choice of the other dimensions, where every point has a winner.
// Writes them into the store.
std::vector<DispatchedRange> dispatch_ranges(const std::vector<OperatorPoint>& points,
                                             const std::vector<TuneResult>& results, const Hardware& hardware,
                                             const Slices& slices, TrialRunner& runner, Store& store);

nlohmann::json dispatch_json(const std::vector<DispatchedRange>& ranges);
std::string dispatch_text(const std::vector<DispatchedRange>& ranges);

}  // namespace perftune
