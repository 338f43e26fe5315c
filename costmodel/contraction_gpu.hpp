// The white-box model of contraction kernels on a GPU, one object per instruction class.
//
// Reads the operator's canonical form for what memory sees (types, contiguous runs, distinct
// bytes, epilogue inputs) and evaluates contraction_pipeline.hpp for each program. Pure;
// thread-safe. An operator outside the family is a bug of the caller and aborts.
#pragma once

#include "codegen/contraction.hpp"
#include "costmodel/contraction_pipeline.hpp"
#include "costmodel/prediction.hpp"

namespace perftune {

class ContractionGpuModel final : public KernelModel {
 public:
  explicit ContractionGpuModel(InstructionClass instruction, GpuParameters parameters = {})
      : instruction_(instruction), parameters_(parameters) {}

  std::string_view family() const override { return "contraction"; }
  std::string_view target() const override;
  std::vector<Prediction> predict(const Operator& op, const Hardware& hardware,
                                  std::span<const TileProgram> programs,
                                  std::span<const Resources> resources) const override;

 private:
  InstructionClass instruction_;
  GpuParameters parameters_;
};

// What memory sees of `op` when cut into `tiles`; distinct bytes do not depend on the tiles.
ContractionWork contraction_work(const Operator& op, const Contraction& form,
                                 const ContractionTiles& tiles);

// `time` as a report shows it: stages by name, interval, limiter. `relative_error` is the width
// of the 90 % interval to either side, as a factor minus one.
Prediction to_prediction(const PipelineTime& time, double relative_error);

}  // namespace perftune
