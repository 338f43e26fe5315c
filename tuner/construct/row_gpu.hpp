// Tile programs of the reduction and row families for cuda/simt: which way a thread's vectors run,
// how many threads share a row, where a row waits between passes, how few rows are split over the
// machine. Rules are those of alignment_rules.hpp. Stateless; thread-safe.
#pragma once

#include "codegen/emitter.hpp"
#include "tuner/constructor.hpp"

namespace perftune {

class RowGpuConstructor final : public Constructor {
 public:
  // `emitter` is the family's and outlives this.
  explicit RowGpuConstructor(const Emitter& emitter) : emitter_(emitter) {}

  std::string_view family() const override { return emitter_.family(); }
  std::string_view target() const override { return "cuda/simt"; }
  std::vector<Constructed> construct(const Operator& op, const Hardware& hardware, int wanted,
                                     std::string& why_not) const override;

 private:
  const Emitter& emitter_;
};

}  // namespace perftune
