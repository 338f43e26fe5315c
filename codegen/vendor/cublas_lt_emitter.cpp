#include "codegen/vendor/cublas_lt_emitter.hpp"

#include <cstdlib>

namespace perftune {

Kernel CublasLtEmitter::emit(const Operator& op, const TileProgram& program, const Hardware& hardware) const {
  std::string why_not;
  const auto product = fused_product(op, why_not);
  if (!product) std::abort();  // callers ask illegal() first
  Kernel kernel;
  kernel.language = Kernel::Language::cpp;
  kernel.program = program;
  kernel.entry = "perftune_cublas_lt";
  kernel.source = cublas_lt_source(*product, program);
  kernel.arguments = bind(op, program, hardware).arguments;
  return kernel;
}

Operator CublasLtEmitter::shrink(const Operator& op, const TileProgram&) const { return op; }

}  // namespace perftune
