// Maps on a CPU: runs of the innermost axis, or tiles of two axes where operands are contiguous
// along another. Streaming stores are proposed where the output outgrows the caches.
#pragma once

#include "codegen/emitter.hpp"
#include "tuner/constructor.hpp"

namespace perftune {

class MapCpuConstructor final : public Constructor {
 public:
  // `emitter` outlives this.
  explicit MapCpuConstructor(const Emitter& emitter) : emitter_(emitter) {}
  std::string_view family() const override { return "map"; }
  std::string_view target() const override { return "cpu/simd"; }
  std::vector<Constructed> construct(const Operator& op, const Hardware& hardware, int wanted,
                                     std::string& why_not) const override;

 private:
  const Emitter& emitter_;
};

}  // namespace perftune
