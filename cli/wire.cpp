#include "cli/wire.hpp"

#include "costmodel/contraction_cpu.hpp"
#include "costmodel/contraction_gpu.hpp"
#include "costmodel/map_cpu.hpp"
#include "costmodel/map_gpu.hpp"
#include "costmodel/row_cpu.hpp"
#include "costmodel/row_gpu.hpp"
#include "tuner/construct/contraction_cpu.hpp"
#include "tuner/construct/contraction_gpu.hpp"
#include "tuner/construct/contraction_wgmma.hpp"
#include "tuner/construct/map_cpu.hpp"
#include "tuner/construct/map_gpu.hpp"
#include "tuner/construct/row_cpu.hpp"
#include "tuner/construct/row_gpu.hpp"

namespace perftune {

Slices make_slices() {
  auto emitters = make_emitters();
  const Emitter& simt = *emitters->find("contraction", "cuda/simt");
  const Emitter& mma = *emitters->find("contraction", "cuda/mma");
  const Emitter& wgmma = *emitters->find("contraction", "cuda/wgmma");
  const Emitter& cpu = *emitters->find("contraction", "cpu/simd");
  const auto row_cpu = {emitters->find("reduction", "cpu/simd"), emitters->find("row", "cpu/simd")};
  const Emitter& map_gpu = *emitters->find("map", "cuda/simt");
  const Emitter& map_cpu = *emitters->find("map", "cpu/simd");
  const auto row_gpu = {emitters->find("reduction", "cuda/simt"), emitters->find("row", "cuda/simt")};
  Slices slices(std::move(emitters));
  slices.add(std::make_unique<ContractionGpuConstructor>(simt_class(), simt),
             std::make_unique<ContractionGpuModel>(InstructionClass::simt));
  slices.add(std::make_unique<ContractionGpuConstructor>(mma_class(), mma),
             std::make_unique<ContractionGpuModel>(InstructionClass::mma));
  slices.add(std::make_unique<ContractionWgmmaConstructor>(wgmma),
             std::make_unique<ContractionGpuModel>(InstructionClass::wgmma));
  slices.add(std::make_unique<ContractionCpuConstructor>(cpu),
             std::make_unique<ContractionCpuModel>());
  for (const Emitter* emitter : row_gpu)
    slices.add(std::make_unique<RowGpuConstructor>(*emitter),
               std::make_unique<RowGpuModel>(std::string(emitter->family())));
  for (const Emitter* emitter : row_cpu)
    slices.add(std::make_unique<RowCpuConstructor>(*emitter),
               std::make_unique<RowCpuModel>(std::string(emitter->family())));
  slices.add(std::make_unique<MapGpuConstructor>(map_gpu), std::make_unique<MapGpuModel>());
  slices.add(std::make_unique<MapCpuConstructor>(map_cpu), std::make_unique<MapCpuModel>());
  return slices;
}

}  // namespace perftune
