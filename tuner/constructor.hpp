// A Constructor makes aligned tile programs for an operator on a hardware: tens of good ones in
// milliseconds (Roller, OSDI'22), each with the rules that shaped it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "codegen/tile_program.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

// Which alignment rule fixed which knob, for `perftune explain`.
struct RuleApplied {
  std::string knob;    // "block_m"
  std::string rule;    // "wave_quantisation"
  std::string reason;  // one line with the numbers
};

struct Constructed {
  TileProgram program;
  std::vector<RuleApplied> rules;
  bool any_shape = false;  // legal at every shape of the operator's structure: what is left where nothing else fits
};

class Constructor {
 public:
  virtual ~Constructor() = default;
  virtual std::string_view family() const = 0;
  virtual std::string_view target() const = 0;

  // Legal programs, no duplicates; at least `wanted` where the space allows (padding tolerance widens
  // until it does). The first is the family's default: a good guess by rule alone, without a model,
  // which a winner must beat and untuned shapes may get. Empty with `why_not` set when the family or the
  // target does not take `op`.
  virtual std::vector<Constructed> construct(const Operator& op, const Hardware& hardware,
                                             int wanted, std::string& why_not) const = 0;
};

}  // namespace perftune
