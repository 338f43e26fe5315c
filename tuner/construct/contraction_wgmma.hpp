// Contractions on Hopper: tile programs for cuda/wgmma.
//
// Apart from contraction_gpu.hpp because the instruction fixes more: 64 rows for each product, a width
// from a short list, k in swizzle spans. What is left to choose is taken in order: orientation and
// width by padding, rows by how many warpgroups share the other operand, stages by what shared memory
// holds, clusters by which operand is read again, splits where the grid leaves SMs idle.
#pragma once

#include "codegen/emitter.hpp"
#include "tuner/constructor.hpp"

namespace perftune {

class ContractionWgmmaConstructor final : public Constructor {
 public:
  // `emitter` is the target's and outlives this.
  explicit ContractionWgmmaConstructor(const Emitter& emitter) : emitter_(emitter) {}

  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return "cuda/wgmma"; }
  std::vector<Constructed> construct(const Operator& op, const Hardware& hardware, int wanted,
                                     std::string& why_not) const override;

 private:
  const Emitter& emitter_;
};

}  // namespace perftune
