// Which contractions `cpu/simd` programs compute, and their launches.
//
// The entry point is `void perftune_contraction(const Params*, const PerftunePool*)` with Params
// in Launch::arguments order, eight bytes each (device/pool.hpp). Stateless; thread-safe.
#pragma once

#include <cstdint>

#include "codegen/argument_list.hpp"
#include "codegen/contraction.hpp"
#include "codegen/cpu/cpu_tiles.hpp"
#include "codegen/launch_rules.hpp"

namespace perftune {

class CpuContractionRules final : public LaunchRules {
 public:
  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return "cpu/simd"; }
  Reading read(const Operator& op) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
};

// The canonical form as a tile program of it sees `op`: see tiled_form. Aborts where there is none.
Contraction cpu_contraction(const Operator& op, const CpuTiles& tiles);

inline constexpr std::int64_t kCpuStepsPerSlice = 16;  // k slices are cut at whole cache lines of f32

}  // namespace perftune
