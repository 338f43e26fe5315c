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
  std::optional<std::string> illegal(const Operator& op, const TileProgram& program,
                                     const Hardware& hardware) const override {
    return right_.illegal(op, cleaned(program), hardware);
  }
  Kernel emit(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override;
  Launch bind(const Operator& op, const TileProgram& program,
              const Hardware& hardware) const override {
    return right_.bind(op, cleaned(program), hardware);
  }
  Resources estimate(const Operator& op, const TileProgram& program,
                     const Hardware& hardware) const override {
    return right_.estimate(op, cleaned(program), hardware);
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
