// The only file that names constructors and models: which families and targets this build has. Emitters
// are named in codegen/builtin_emitters.cpp.
#pragma once

#include "codegen/builtin_emitters.hpp"
#include "tuner/slices.hpp"

namespace perftune {

Slices make_slices();

}  // namespace perftune
