// Every emitter of this build: the one place where codegen names its concrete classes (builtin_rules.hpp: their rules).
#pragma once

#include <memory>

#include "codegen/emitter_registry.hpp"

namespace perftune {

std::unique_ptr<EmitterRegistry> make_emitters();

}  // namespace perftune
