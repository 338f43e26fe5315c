// Which maps `cpu/simd` programs compute, and their launches. Pure.
#pragma once

#include "codegen/launch_rules.hpp"
#include "codegen/map.hpp"

namespace perftune {

class CpuMapRules final : public LaunchRules {
 public:
  std::string_view family() const override { return "map"; }
  std::string_view target() const override { return "cpu/simd"; }
  Reading read(const Operator& op) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
};

}  // namespace perftune
