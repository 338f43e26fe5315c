// An Emitter turns a tile program into source text for one family and one target. Pure: no clock,
// no environment, no device. A new family or target is a new Emitter, registered in cli/wire.cpp.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/kernel.hpp"
#include "codegen/tile_program.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

class Emitter {
 public:
  virtual ~Emitter() = default;

  // (family, target) of the tile programs that it understands.
  virtual std::string_view family() const = 0;
  virtual std::string_view target() const = 0;

  // An operator as this emitter reads it: canonicalised once, for those who ask about many
  // programs.
  struct Reading {
    // Why the program cannot compute the operator on the hardware; nullopt when it can. Everything
    // else, of this and of Emitter, requires a legal pair.
    std::function<std::optional<std::string>(const TileProgram&, const Hardware&)> illegal;
    // Registers and shared bytes to expect; shared bytes are exact. What is copied to shared memory
    // through registers is the architecture's matter, hence the hardware.
    std::function<Resources(const TileProgram&, const Hardware&)> estimate;
  };
  // Must not outlive the emitter.
  virtual Reading read(const Operator& op) const = 0;
  std::optional<std::string> illegal(const Operator& op, const TileProgram& program,
                                     const Hardware& hardware) const {
    return read(op).illegal(program, hardware);
  }
  Resources estimate(const Operator& op, const TileProgram& program,
                     const Hardware& hardware) const {
    return read(op).estimate(program, hardware);
  }

  // Source text: depends on op.structure(), `program` and hardware.arch only.
  virtual Kernel emit(const Operator& op, const TileProgram& program,
                      const Hardware& hardware) const = 0;

  // Launch geometry and scalar arguments of that kernel at op's extents.
  virtual Launch bind(const Operator& op, const TileProgram& program,
                      const Hardware& hardware) const = 0;

  // A small problem with the same structure that exercises the same text: at least 2 x stages + 1
  // k steps per split, a few blocks, ragged edges where `program` is legal with them.
  virtual Operator shrink(const Operator& op, const TileProgram& program) const = 0;
};

}  // namespace perftune
