// Emits the reduction and row families for `cpu/simd`: one emitter per family, one text for both.
//
// The entry point is `void ENTRY(const Params*, const PerftunePool*)` with Params in
// Kernel::arguments order, eight bytes each (device/pool.hpp). Stateless; thread-safe.
#pragma once

#include "codegen/emitter.hpp"

namespace perftune {

class CpuRowEmitter final : public Emitter {
 public:
  // "reduction" or "row".
  explicit CpuRowEmitter(std::string family) : family_(std::move(family)) {}

  std::string_view family() const override { return family_; }
  std::string_view target() const override { return "cpu/simd"; }
  Reading read(const Operator& op) const override;
  Kernel emit(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Operator shrink(const Operator& op, const TileProgram& program) const override;

 private:
  std::string family_;
};

}  // namespace perftune
