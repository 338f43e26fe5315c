// Tile programs of the reduction and row families for cpu/simd: which way vectors run, how many at a
// time, how rows or columns are shared among threads. Stateless; thread-safe.
#pragma once

#include <string>

#include "codegen/emitter.hpp"
#include "tuner/constructor.hpp"

namespace perftune {

class RowCpuConstructor final : public Constructor {
 public:
  // `emitter` is the family's and outlives this.
  explicit RowCpuConstructor(const Emitter& emitter) : emitter_(emitter) {}

  std::string_view family() const override { return emitter_.family(); }
  std::string_view target() const override { return "cpu/simd"; }
  std::vector<Constructed> construct(const Operator& op, const Hardware& hardware, int wanted,
                                     std::string& why_not) const override;

 private:
  const Emitter& emitter_;
};

}  // namespace perftune
