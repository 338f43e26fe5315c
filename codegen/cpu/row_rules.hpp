// Which reductions and row programs `cpu/simd` computes, and their launches: one set of rules per family.
//
// The entry point is `void ENTRY(const Params*, const PerftunePool*)` with Params in
// Launch::arguments order, eight bytes each (device/pool.hpp). Stateless; thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "codegen/launch_rules.hpp"
#include "codegen/row.hpp"

namespace perftune {

class CpuRowRules final : public LaunchRules {
 public:
  // "reduction" or "row".
  explicit CpuRowRules(std::string family) : family_(std::move(family)) {}

  std::string_view family() const override { return family_; }
  std::string_view target() const override { return "cpu/simd"; }
  Reading read(const Operator& op) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;

 private:
  std::string family_;
};

// Elements of a vector.
std::int64_t row_lanes(const RowForm& form, const Hardware& hardware);

}  // namespace perftune
