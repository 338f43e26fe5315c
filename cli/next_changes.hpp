// What a change would bring: other programs of the ranking that differ in one or two knobs, the best
// program of every other target, and what is left when the limiting stage is taken away. Pure.
#pragma once

#include <string>
#include <vector>

#include "tuner/rank.hpp"

namespace perftune {

struct NextChange {
  std::string what;  // "block_k 64 -> 32", "without its dram time"
  double us = 0;     // predicted then
  bool possible = true;  // false: a bound, no program of ours
};

// Best first: at most `most` programs, then the bound.
std::vector<NextChange> next_changes(const Ranking& ranking, const Ranked& chosen, std::size_t most = 3);

}  // namespace perftune
