// The white-box model of cuda/simt programs over rows: streams that DRAM and L2 limit, rereads of rows
// that did not wait on chip, instruction issue, and the waves and latencies of a grid that is small.
//
// Shares GpuParameters with the other GPU models (docs/model.md). Stateless; thread-safe.
#pragma once

#include <string>

#include "costmodel/gpu_parameters.hpp"
#include "costmodel/prediction.hpp"

namespace perftune {

class RowGpuModel final : public KernelModel {
 public:
  explicit RowGpuModel(std::string family) : family_(std::move(family)) {}
  std::string_view family() const override { return family_; }
  std::string_view target() const override { return "cuda/simt"; }
  std::vector<Prediction> predict(const Operator& op, const Hardware& hardware,
                                  std::span<const TileProgram> programs,
                                  std::span<const Resources> resources) const override;

 private:
  std::string family_;
  GpuParameters parameters_;
};

}  // namespace perftune
