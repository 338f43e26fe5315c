// Every emitter of this build: the one place where codegen names its concrete classes. The executor's
// library needs them too, to launch a kernel at another shape than it was tuned at.
#pragma once

#include <memory>

#include "codegen/emitter_registry.hpp"

namespace perftune {

std::unique_ptr<EmitterRegistry> make_emitters();

}  // namespace perftune
