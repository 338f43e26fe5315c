// The white-box model of cpu/simd programs over rows: the slower of arithmetic and of feeding it,
// plus what each row and each parallel step costs beside its columns.
//
// Caches are taken as warm, as CPU times are measured: what all passes touch comes from the smallest
// level that holds the whole operator, later passes over a row from the level that holds the row.
// Numbers come from Hardware.cpu and its measured ceilings. Stateless; thread-safe.
#pragma once

#include <string>

#include "costmodel/prediction.hpp"

namespace perftune {

class RowCpuModel final : public KernelModel {
 public:
  explicit RowCpuModel(std::string family) : family_(std::move(family)) {}
  std::string_view family() const override { return family_; }
  std::string_view target() const override { return "cpu/simd"; }
  std::vector<Prediction> predict(const Operator& op, const Hardware& hardware,
                                  std::span<const TileProgram> programs,
                                  std::span<const Resources> resources) const override;

 private:
  std::string family_;
};

}  // namespace perftune
