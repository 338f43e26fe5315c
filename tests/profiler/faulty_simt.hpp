// The scalar contraction emitter with faults planted into its text by the knob `planted`.
#pragma once

#include <string>
#include <vector>

#include "codegen/contraction_tiles.hpp"
#include "codegen/cuda/contraction_simt.hpp"

namespace perftune {

enum class SimtFault : int { none, syntax, wrong };

inline TileProgram simt_program(SimtFault fault) {
  ContractionTiles tiles;
  tiles.block_m = tiles.block_n = 64;
  tiles.block_k = 16;
  tiles.warp_m = 32;
  tiles.warp_n = 32;
  tiles.thread_m = 8;
  tiles.thread_n = 4;
  TileProgram program = tiles.to_program("cuda/simt");
  program.knobs["planted"] = static_cast<int>(fault);
  return program;
}

class FaultySimtEmitter final : public Emitter {
 public:
  std::string_view family() const override { return right_.family(); }
  std::string_view target() const override { return right_.target(); }
  Reading read(const Operator& op) const override {
    const Reading right = right_.read(op);
    return {
        [right](const TileProgram& p, const Hardware& h) { return right.illegal(cleaned(p), h); },
        [right](const TileProgram& p, const Hardware& h) { return right.estimate(cleaned(p), h); }};
  }
  Kernel emit(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override {
    return right_.bind(op, cleaned(program), hardware);
  }
  Operator shrink(const Operator& op, const TileProgram& program) const override {
    return right_.shrink(op, cleaned(program));
  }

 private:
  static TileProgram cleaned(TileProgram program) {
    program.knobs.erase("planted");
    return program;
  }
  SimtContractionEmitter right_;
};

// Where scripts/setup puts NVRTC from NVIDIA's wheels.
inline std::vector<std::string> cuda_folders_for_tests() {
  return {std::string(PERFTUNE_SOURCE_DIR) + "/.deps/cuda/lib"};
}

}  // namespace perftune
