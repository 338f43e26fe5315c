// Contractions on a GPU: tile programs for cuda/simt and cuda/mma.
//
// Bottom up, as the hardware nests: instruction (or thread) tile, warp tile, block tile, then the
// stages of k in flight, then scale-out where the grid leaves the machine idle. Every level grows
// by traffic saved per byte (tile_growth.hpp) within the limits of alignment_rules.hpp; the
// emitter has the last word on what is legal and on what it costs in registers and shared memory.
#pragma once

#include "codegen/contraction.hpp"
#include "codegen/contraction_tiles.hpp"
#include "codegen/emitter.hpp"
#include "tuner/constructor.hpp"

namespace perftune {

// What differs between instruction classes.
struct TileClass {
  const char* target;       // "cuda/simt"
  int tile_m, tile_n;       // one instruction's output per warp; 0: scalar code, tiles per thread
  int k_bytes;              // smallest k step, in bytes of an operand element row
  int max_accumulators;     // per thread, before anything else has a register
  int max_threads;          // per block worth trying
};

TileClass simt_class();
TileClass mma_class();

class ContractionGpuConstructor final : public Constructor {
 public:
  // `emitter` is the target's and outlives this.
  ContractionGpuConstructor(TileClass instruction, const Emitter& emitter)
      : class_(instruction), emitter_(emitter) {}

  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override { return class_.target; }
  std::vector<Constructed> construct(const Operator& op, const Hardware& hardware, int wanted,
                                     std::string& why_not) const override;

 private:
  TileClass class_;
  const Emitter& emitter_;
};

}  // namespace perftune
