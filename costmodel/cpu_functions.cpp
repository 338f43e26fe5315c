#include "costmodel/cpu_functions.hpp"

namespace perftune {

double cpu_vector_instructions(Function function) {
  switch (function) {
    case Function::exp:
      return 13;
    case Function::log:
      return 29;
    case Function::tanh:
      return 12;
    case Function::sigmoid:
    case Function::silu:
      return 18;
    case Function::erf:
      return 14;
    case Function::gelu:
      return 20;
    case Function::pow:
      return 440;  // lane by lane
    case Function::divide:
      return 4;
    case Function::sqrt:
      return 8;
    case Function::rsqrt:
      return 13;
    case Function::cast:
      return 4;
    default:
      return 1;
  }
}

}  // namespace perftune
