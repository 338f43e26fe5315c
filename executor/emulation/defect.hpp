// What the emulator found wrong with a kernel. Thrown where it is detected, on the fiber of the
// thread that did it, and caught at that fiber's first frame: it never leaves executor/emulation.
#pragma once

#include <string>
#include <utility>

#include "db/outcome.hpp"

namespace perftune::emulation {

struct Defect {
  OutcomeKind kind;
  std::string text;  // one line: the access, the thread, the address
};

}  // namespace perftune::emulation
