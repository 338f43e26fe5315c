// LaunchRules say which tile programs of one family and target compute an operator, and how to launch
// their kernels at its extents. They print no source: a program that only launches links these alone.
// Pure: no clock, no environment, no device.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/kernel.hpp"
#include "codegen/tile_program.hpp"
#include "recipes/hardware.hpp"
#include "recipes/operator.hpp"

namespace perftune {

class LaunchRules {
 public:
  virtual ~LaunchRules() = default;

  // (family, target) of the tile programs that it understands.
  virtual std::string_view family() const = 0;
  virtual std::string_view target() const = 0;

  // An operator as these rules read it: canonicalised once, for those who ask about many programs.
  struct Reading {
    // Why the program cannot compute the operator on the hardware; nullopt when it can. Everything
    // else, of this, of LaunchRules and of Emitter, requires a legal pair.
    std::function<std::optional<std::string>(const TileProgram&, const Hardware&)> illegal;
    // Registers and shared bytes to expect; shared bytes are exact. What is copied to shared memory
    // through registers is the architecture's matter, hence the hardware.
    std::function<Resources(const TileProgram&, const Hardware&)> estimate;
  };
  // Must not outlive the rules.
  virtual Reading read(const Operator& op) const = 0;
  std::optional<std::string> illegal(const Operator& op, const TileProgram& program,
                                     const Hardware& hardware) const {
    return read(op).illegal(program, hardware);
  }
  Resources estimate(const Operator& op, const TileProgram& program,
                     const Hardware& hardware) const {
    return read(op).estimate(program, hardware);
  }

  // Launch geometry and arguments of the program's kernel at op's extents.
  virtual Launch bind(const Operator& op, const TileProgram& program,
                      const Hardware& hardware) const = 0;
};

using LaunchRulesList = std::vector<std::unique_ptr<const LaunchRules>>;

// nullptr when there are none.
inline const LaunchRules* find_rules(const LaunchRulesList& list, const TileProgram& program) {
  for (const auto& rules : list)
    if (rules->family() == program.family && rules->target() == program.target) return rules.get();
  return nullptr;
}

}  // namespace perftune
