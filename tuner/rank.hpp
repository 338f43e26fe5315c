// Construct and rank: every candidate that the slices propose for an operator on a hardware, best
// prediction first. Pure; under 50 ms for one contraction.
#pragma once

#include <string>
#include <vector>

#include "costmodel/prediction.hpp"
#include "tuner/constructor.hpp"
#include "tuner/slices.hpp"

namespace perftune {

struct Ranked {
  TileProgram program;
  std::vector<RuleApplied> rules;
  Resources estimate;
  Prediction prediction;
  bool is_default = false;  // the constructor's first proposal: what to use when nothing is measured
  bool any_shape = false;   // legal at every shape of the operator's structure
};

struct Ranking {
  struct Declined {
    std::string family, target;
    std::string why;
  };
  std::vector<Ranked> candidates;
  std::vector<Declined> declined;  // slices of this hardware that do not take the operator
  std::string why_not;  // when empty: what no family could take, naming the statement
};

// `wanted`: candidates asked of each constructor.
Ranking rank(const Operator& op, const Hardware& hardware, const Slices& slices, int wanted = 40);

// The same for programs that were constructed elsewhere. Those that this build's emitters find
// illegal for `op` are left out.
Ranking rank_programs(const Operator& op, const Hardware& hardware, const Slices& slices,
                      const std::vector<TileProgram>& programs);

// The prediction of one program with known resources (after compilation, or from the store).
Prediction predict_one(const Operator& op, const Hardware& hardware, const Slices& slices,
                       const TileProgram& program, const Resources& resources);

}  // namespace perftune
