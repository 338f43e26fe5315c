// Which reductions and row programs `cuda/simt` computes, and their launches: one set of rules per family.
// Stateless; thread-safe.
#pragma once

#include <string>

#include "codegen/launch_rules.hpp"

namespace perftune {

class SimtRowRules final : public LaunchRules {
 public:
  // "reduction" or "row".
  explicit SimtRowRules(std::string family) : family_(std::move(family)) {}

  std::string_view family() const override { return family_; }
  std::string_view target() const override { return "cuda/simt"; }
  Reading read(const Operator& op) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;

 private:
  std::string family_;
};

}  // namespace perftune
