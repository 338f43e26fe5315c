// The only file that names concrete classes: which families and targets this build has.
#pragma once

#include "tuner/slices.hpp"

namespace perftune {

std::unique_ptr<EmitterRegistry> make_emitters();
Slices make_slices();

}  // namespace perftune
