#include "cli/wire.hpp"

#include "codegen/cpu/contraction_emitter.hpp"
#include "codegen/cuda/contraction_mma.hpp"
#include "codegen/cuda/contraction_simt.hpp"
#include "costmodel/contraction_cpu.hpp"
#include "costmodel/contraction_gpu.hpp"
#include "tuner/construct/contraction_cpu.hpp"
#include "tuner/construct/contraction_gpu.hpp"

namespace perftune {

std::unique_ptr<EmitterRegistry> make_emitters() {
  auto emitters = std::make_unique<EmitterRegistry>();
  emitters->add(std::make_unique<SimtContractionEmitter>());
  emitters->add(std::make_unique<MmaContractionEmitter>());
  emitters->add(std::make_unique<CpuContractionEmitter>());
  return emitters;
}

Slices make_slices() {
  auto emitters = make_emitters();
  const Emitter& simt = *emitters->find("contraction", "cuda/simt");
  const Emitter& mma = *emitters->find("contraction", "cuda/mma");
  const Emitter& cpu = *emitters->find("contraction", "cpu/simd");
  Slices slices(std::move(emitters));
  slices.add(std::make_unique<ContractionGpuConstructor>(simt_class(), simt),
             std::make_unique<ContractionGpuModel>(InstructionClass::simt));
  slices.add(std::make_unique<ContractionGpuConstructor>(mma_class(), mma),
             std::make_unique<ContractionGpuModel>(InstructionClass::mma));
  slices.add(std::make_unique<ContractionCpuConstructor>(cpu),
             std::make_unique<ContractionCpuModel>());
  return slices;
}

}  // namespace perftune
