// Contractions on a CPU: tile programs for cpu/simd.
//
// From the registers outwards, as the machine nests: register block, then how threads share the
// output, then the blocks of n and k that stay in L2, then whether to pack. Thin products get the
// forms that stream B once instead. Rules are in cpu_rules.hpp; the emitter has the last word on
// what is legal.
#pragma once

#include "codegen/emitter.hpp"
#include "tuner/constructor.hpp"

namespace perftune {

class ContractionCpuConstructor final : public Constructor {
 public:
  // `emitter` is the target's and outlives this.
  explicit ContractionCpuConstructor(const Emitter& emitter) : emitter_(emitter) {}

  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return "cpu/simd"; }

  // Uses hardware.cpu.cores threads. The first is the default (contraction_cpu_default.hpp).
  std::vector<Constructed> construct(const Operator& op, const Hardware& hardware, int wanted,
                                     std::string& why_not) const override;

 private:
  const Emitter& emitter_;
};

}  // namespace perftune
