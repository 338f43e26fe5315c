// The white-box model of cuda/simt maps: what is moved over what moves it, beside the arithmetic and what
// no run of elements hides. docs/model.md derives it. Stateless; thread-safe.
#pragma once

#include "costmodel/prediction.hpp"

namespace perftune {

class MapGpuModel final : public KernelModel {
 public:
  std::string_view family() const override { return "map"; }
  std::string_view target() const override { return "cuda/simt"; }
  std::vector<Prediction> predict(const Operator& op, const Hardware& hardware,
                                  std::span<const TileProgram> programs,
                                  std::span<const Resources> resources) const override;
};

}  // namespace perftune
