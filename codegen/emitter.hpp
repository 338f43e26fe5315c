// An Emitter turns a tile program into source text for one family and one target, and knows the rules of
// its launches. Pure: no clock, no environment, no device. A new family or target is a new Emitter,
// registered in codegen/builtin_emitters.cpp.
#pragma once

#include <utility>

#include "codegen/launch_rules.hpp"

namespace perftune {

class Emitter : public LaunchRules {
 public:
  // Source text: depends on op.structure(), `program` and hardware.arch only.
  virtual Kernel emit(const Operator& op, const TileProgram& program,
                      const Hardware& hardware) const = 0;

  // A small problem with the same structure that exercises the same text: at least 2 x stages + 1
  // k steps per split, a few blocks, ragged edges where `program` is legal with them.
  virtual Operator shrink(const Operator& op, const TileProgram& program) const = 0;
};

// An emitter over rules that stand alone.
template <class Rules>
class EmitterOver : public Emitter {
 public:
  template <class... Arguments>
  explicit EmitterOver(Arguments&&... arguments) : rules_(std::forward<Arguments>(arguments)...) {}
  std::string_view family() const final { return rules_.family(); }
  std::string_view target() const final { return rules_.target(); }
  Reading read(const Operator& op) const final { return rules_.read(op); }
  Launch bind(const Operator& op, const TileProgram& program, const Hardware& hardware) const final {
    return rules_.bind(op, program, hardware);
  }

 protected:
  const Rules rules_;
};

}  // namespace perftune
