// Removes what a store no longer needs: `perftune db prune`.
//
// Winners, and the measurements behind them, always stay. What refers to nothing afterwards
// (kernels, operators, runs, ...) goes, too. One transaction; a dry run does the same work and
// rolls it back, so its numbers are exact.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "db/store.hpp"

namespace perftune {

struct PrunePolicy {
  // A measurement goes if any of these says so.
  std::optional<std::int64_t> taken_before_ms{};  // older than this, Unix time
  std::optional<int> keep_fastest{};  // slower than the N fastest of its operator, hardware, policy
  bool failures = false;              // everything that was not timed and is not pending
  // Besides, of the measurements that stay:
  bool samples = false;   // raw samples of all but winners'; summaries stay
  bool binaries = false;  // compiled kernels of all but winners; compiled again on demand
};

struct PruneReport {
  std::map<std::string, std::int64_t> removed;  // rows by table; "binaries" counts emptied builds
};
PruneReport prune(Store& store, const PrunePolicy& policy, bool dry_run);

// Gives freed space back to the file system; needs as much free disk as the store is large.
void compact(Store& store);

}  // namespace perftune
