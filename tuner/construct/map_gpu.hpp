// Maps on a GPU: vectors of the innermost axis, or square tiles of two axes where operands are contiguous
// along another, transposed through shared memory.
#pragma once

#include "codegen/emitter.hpp"
#include "tuner/constructor.hpp"

namespace perftune {

class MapGpuConstructor final : public Constructor {
 public:
  // `emitter` outlives this.
  explicit MapGpuConstructor(const Emitter& emitter) : emitter_(emitter) {}
  std::string_view family() const override { return "map"; }
  std::string_view target() const override { return "cuda/simt"; }
  std::vector<Constructed> construct(const Operator& op, const Hardware& hardware, int wanted,
                                     std::string& why_not) const override;

 private:
  const Emitter& emitter_;
};

}  // namespace perftune
