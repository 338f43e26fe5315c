// The emitters that this build knows, found by the (family, target) of a tile program.
// Filled once by cli/wire.cpp; read-only and thread-safe afterwards.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "codegen/emitter.hpp"

namespace perftune {

class EmitterRegistry {
 public:
  const Emitter& add(std::unique_ptr<Emitter> emitter);

  // nullptr when there is none.
  const Emitter* find(std::string_view family, std::string_view target) const;
  const Emitter* find(const TileProgram& program) const {
    return find(program.family, program.target);
  }
  const std::vector<std::unique_ptr<Emitter>>& all() const { return emitters_; }

 private:
  std::vector<std::unique_ptr<Emitter>> emitters_;
};

}  // namespace perftune
