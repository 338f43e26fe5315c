// Rewrites subscripts: other indices in place of axes, divisions and remainders made as small as the
// axes' extents allow. What canonical forms use to join statements and to take axes apart. Pure.
#pragma once

#include <vector>

#include "recipes/operator.hpp"

namespace perftune {

// `index` with every axis a replaced by `by[a]`, an index over `axes`. Divisions and remainders that
// the extents decide are gone afterwards: with 0 <= j < 4, (4*i + j) / 8 becomes i / 2.
Index substitute(const Index& index, const std::vector<Index>& by, const std::vector<Axis>& axes);

// The same inside every read of `value`; Expr::axis, which counts axis values and not axes there,
// grows by `axis_shift`.
ExprPtr substitute(const ExprPtr& value, const std::vector<Index>& by,
                   const std::vector<Axis>& axes, int axis_shift);

// The axis alone.
Index axis_index(int axis);

// The axis occurs in it: as a plain term, or inside a division, a remainder or a nested read.
bool has_plain(const Index& index, int axis);
bool has_inside_atom(const Index& index, int axis);

}  // namespace perftune
