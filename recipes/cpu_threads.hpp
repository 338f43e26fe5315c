// A CPU of which a program uses some cores only, as a device of its own: what is constructed, predicted and
// remembered for one thread is not what all cores get.
#pragma once

#include "recipes/hardware.hpp"

namespace perftune {

// `cpu` with `threads` of its cores: peaks and the ceilings of what each core has to itself in proportion, those of
// shared memory between one core's ("_1t") and all cores' as measured. Named "<name>-<threads>t". All cores, more than
// there are, or 0: `cpu` itself. Pure.
Hardware with_threads(Hardware cpu, int threads);

}  // namespace perftune
