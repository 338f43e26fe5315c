#include "codegen/vendor/product_emitter.hpp"

namespace perftune {

Kernel VendorProductEmitter::emit(const Operator& op, const TileProgram& program, const Hardware& hardware) const {
  Kernel kernel;
  kernel.language = Kernel::Language::cpp;
  kernel.program = program;
  kernel.entry = "perftune_vendor_product";
  kernel.source = vendor_product_source(rules_.vendor(), program);
  kernel.arguments = bind(op, program, hardware).arguments;
  return kernel;
}

Operator VendorProductEmitter::shrink(const Operator& op, const TileProgram&) const { return op; }

}  // namespace perftune
