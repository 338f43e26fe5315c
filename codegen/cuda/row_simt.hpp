// Emits the reduction and row families for `cuda/simt`: one emitter per family, one text for both.
// Stateless; thread-safe.
#pragma once

#include "codegen/emitter.hpp"

namespace perftune {

class SimtRowEmitter final : public Emitter {
 public:
  // "reduction" or "row".
  explicit SimtRowEmitter(std::string family) : family_(std::move(family)) {}

  std::string_view family() const override { return family_; }
  std::string_view target() const override { return "cuda/simt"; }
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
