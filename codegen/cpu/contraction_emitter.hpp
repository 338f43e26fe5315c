// Emits contractions for `cpu/simd`: one host core's vectors, and threads from the caller's pool.
//
// The entry point is `void perftune_contraction(const Params*, const PerftunePool*)` with Params
// in Kernel::arguments order, eight bytes each (device/pool.hpp). Stateless; thread-safe.
#pragma once

#include "codegen/emitter.hpp"

namespace perftune {

class CpuContractionEmitter final : public Emitter {
 public:
  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return "cpu/simd"; }
  Reading read(const Operator& op) const override;
  Kernel emit(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;
};

}  // namespace perftune
