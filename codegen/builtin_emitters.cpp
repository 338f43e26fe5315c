#include "codegen/builtin_emitters.hpp"

#include "codegen/cpu/contraction_emitter.hpp"
#include "codegen/cpu/map_emitter.hpp"
#include "codegen/cpu/row_emitter.hpp"
#include "codegen/cuda/contraction_mma.hpp"
#include "codegen/cuda/contraction_simt.hpp"
#include "codegen/cuda/contraction_wgmma.hpp"
#include "codegen/cuda/map_emitter.hpp"
#include "codegen/cuda/row_simt.hpp"
#include "codegen/vendor/cublas_lt_emitter.hpp"
#include "codegen/vendor/product_emitter.hpp"

namespace perftune {

std::unique_ptr<EmitterRegistry> make_emitters() {
  auto emitters = std::make_unique<EmitterRegistry>();
  emitters->add(std::make_unique<SimtContractionEmitter>());
  emitters->add(std::make_unique<MmaContractionEmitter>());
  emitters->add(std::make_unique<WgmmaContractionEmitter>());
  emitters->add(std::make_unique<CpuContractionEmitter>());
  emitters->add(std::make_unique<CudaMapEmitter>());
  emitters->add(std::make_unique<CpuMapEmitter>());
  for (const char* family : {"reduction", "row"}) {
    emitters->add(std::make_unique<CpuRowEmitter>(family));
    emitters->add(std::make_unique<SimtRowEmitter>(family));
  }
  for (const VendorTarget& vendor : vendor_targets)
    if (!vendor.gpu) emitters->add(std::make_unique<VendorProductEmitter>(vendor));
  emitters->add(std::make_unique<CublasLtEmitter>());
  return emitters;
}

}  // namespace perftune
