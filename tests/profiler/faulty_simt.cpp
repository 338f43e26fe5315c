#include "faulty_simt.hpp"

namespace perftune {

Kernel FaultySimtEmitter::emit(const Operator& op, const TileProgram& program,
                               const Hardware& hardware) const {
  Kernel kernel = right_.emit(op, cleaned(program), hardware);
  kernel.program = program;
  switch (static_cast<SimtFault>(program.get("planted", 0))) {
    case SimtFault::none:
      break;
    case SimtFault::syntax:
      kernel.source += "\nthis is no CUDA;\n";
      break;
    // Swapped operands: what a wrong address computation would read.
    case SimtFault::wrong:
      std::swap(kernel.arguments[0].tensor, kernel.arguments[1].tensor);
      break;
  }
  return kernel;
}

}  // namespace perftune
