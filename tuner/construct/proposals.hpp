// What every constructor does with a tile program that it thought of: drops it when it was proposed
// before or is illegal, and keeps it with the rules that shaped it otherwise. Asks one Reading, so
// that the operator is canonicalised once and not per program.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "codegen/emitter.hpp"
#include "tuner/constructor.hpp"

namespace perftune {

class Proposals {
 public:
  // Borrows `hardware`; the emitter must outlive it too.
  Proposals(const Emitter& emitter, const Operator& op, const Hardware& hardware)
      : reading_(emitter.read(op)), hardware_(hardware) {}

  // `rules`: called for what is kept only, since most of what is proposed is not. Returns whether.
  template <class Rules>
  bool propose(TileProgram program, const Rules& rules) {
    if (!seen_.insert(program).second) return false;
    if (auto why = reading_.illegal(program, hardware_)) {
      if (why_not_.empty()) why_not_ = *std::move(why);
      return false;
    }
    kept_.push_back({std::move(program), rules()});
    return true;
  }

  // Marks what was kept: legal at every shape of the operator's structure.
  void serves_any_shape(const TileProgram& program) {
    for (Constructed& kept : kept_)
      if (kept.program == program) kept.any_shape = true;
  }

  bool legal(const TileProgram& program) const { return !reading_.illegal(program, hardware_); }
  Resources estimate(const TileProgram& program) const {
    return reading_.estimate(program, hardware_);
  }

  // Moves what takes least effort to the front: the default. Of equals the first.
  template <class Effort>
  void least_first(const Effort& effort) {
    std::size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < kept_.size(); ++i)
      if (const double of_this = effort(kept_[i].program); of_this < least) best = i, least = of_this;
    if (best > 0) std::rotate(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(best), kept_.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }

  std::size_t count() const { return kept_.size(); }
  // Why the first program that was not kept is illegal; empty when all were.
  const std::string& why_not() const { return why_not_; }
  std::vector<Constructed> take() { return std::move(kept_); }

 private:
  // Of the values alone: programs of one constructor differ in nothing else.
  struct ValueHash {
    std::size_t operator()(const TileProgram& program) const {
      std::size_t hash = program.knobs.size();
      for (const auto& [name, value] : program.knobs)
        hash = (hash ^ std::hash<std::int64_t>()(value)) * 0x9e3779b97f4a7c15U;
      return hash ^ hash >> 29;
    }
  };

  Emitter::Reading reading_;
  const Hardware& hardware_;
  std::unordered_set<TileProgram, ValueHash> seen_;
  std::vector<Constructed> kept_;
  std::string why_not_;
};

}  // namespace perftune
