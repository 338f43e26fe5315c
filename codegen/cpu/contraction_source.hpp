// The text of a `cpu/simd` contraction kernel. Pure.
#pragma once

#include "codegen/contraction.hpp"
#include "codegen/cpu/cpu_tiles.hpp"
#include "codegen/kernel.hpp"

namespace perftune {

// The source and its argument list; entry point `perftune_contraction`.
Kernel contraction_source(const Contraction& form, const CpuTiles& tiles);

}  // namespace perftune
