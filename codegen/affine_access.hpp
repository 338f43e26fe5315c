// Affine subscripts of one tensor, taken apart per statement axis: what canonicalisation asks
// before it groups and merges axes (contraction.hpp). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codegen/contraction.hpp"
#include "recipes/operator.hpp"

namespace perftune {

class AffineAccess {
 public:
  // nullopt when a subscript divides, takes a remainder or reads an index tensor; `why_not` then
  // says which, beginning with the tensor's name.
  static std::optional<AffineAccess> make(const Operator& op, const Statement& statement,
                                          int tensor, const std::vector<Index>& indices,
                                          std::string& why_not);

  bool indexed_by(int axis) const { return last_dimension(axis) >= 0; }
  bool indexed_by(const std::vector<int>& axes) const;

  // Innermost dimension whose subscript has the axis; -1: none.
  int last_dimension(int axis) const;

  // What the axis's index is multiplied with there; 0: none.
  std::int64_t last_coefficient(int axis) const;

  // The axis moves only along the innermost dimension, element by element.
  bool unit(int axis) const;

  // The innermost indexed dimension has one of `axes`, element by element.
  bool contiguous_along(const std::vector<int>& axes) const;

  // `outer` and `inner` address this tensor like one axis of extent(outer) * extent(inner): both
  // absent, or neighbouring dimensions that are theirs alone, the inner one filled.
  bool merges(int outer, int inner) const;

  // The access over merged axes.
  Access over(const std::array<std::vector<GroupAxis>, 4>& groups, DType type) const;

 private:
  struct Dimension {
    Index index;
    std::int64_t extent = 0;
    std::int64_t stride = 0;  // in elements
    int plain_axis = -1;      // the only term, with coefficient 1
    bool filled = false;      // by plain_axis, exactly
    bool bounded = false;     // reads may leave it
  };

  int only_dimension(int axis) const;  // -1: none or several
  bool nests(const std::vector<GroupAxis>& group) const;
  Access::Wide widened(const std::array<std::vector<GroupAxis>, 4>& groups) const;

  int tensor_ = -1;
  double pad_ = 0;
  std::vector<Dimension> dimensions_;
  std::vector<std::int64_t> axis_extents_;  // of the statement
};

}  // namespace perftune
